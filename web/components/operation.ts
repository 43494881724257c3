import { type Operation, type OperationLogLine, OperationState, StepState } from '@berth/proto/api/v1/operations_pb.js';
import { html } from 'hono/html';
import type { Html } from '../layout.ts';

const STEPS: Record<StepState, [mark: string, word: string]> = {
  [StepState.UNSPECIFIED]: ['·', 'waiting'],
  [StepState.PENDING]: ['·', 'waiting'],
  [StepState.RUNNING]: ['…', 'under way'],
  [StepState.DONE]: ['✓', 'done'],
  [StepState.FAILED]: ['✗', 'failed'],
  [StepState.UNDOING]: ['↺', 'being undone'],
  [StepState.UNDONE]: ['↩', 'undone'],
};

const STATES: Record<OperationState, string> = {
  [OperationState.UNSPECIFIED]: '',
  [OperationState.PENDING]: 'waiting',
  [OperationState.RUNNING]: 'under way',
  [OperationState.SUCCEEDED]: 'done',
  [OperationState.COMPENSATING]: 'failed, being undone',
  [OperationState.FAILED]: 'failed; nothing is left behind',
};

/** Steps and log of an operation. */
export function operationProgress(operation: Operation, log: readonly OperationLogLine[]): Html {
  return html`<section aria-label="Operation">
    <h2>${operation.kind.replace('.', ': ')} – ${STATES[operation.state]}</h2>
    ${operation.error ? html`<p class="error" role="alert">${operation.error}</p>` : ''}
    <ol class="steps">
      ${operation.steps.map((step) => {
        const [mark, word] = STEPS[step.state];
        return html`<li class="step-${word.replaceAll(' ', '-')}">
          <span aria-hidden="true">${mark}</span> ${step.title} <small>${word}${step.error ? `: ${step.error}` : ''}</small>
        </li>`;
      })}
    </ol>
    ${operation.requestId ? html`<p><small>Request <code>${operation.requestId}</code>, its number in the logs</small></p>` : ''}
    ${log.length > 0 ? html`<pre class="log" tabindex="0" aria-label="Log">${log.map((l) => l.text).join('\n')}</pre>` : ''}
  </section>`;
}
