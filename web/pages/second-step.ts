import { AuthService, SecondFactor, type SecondFactorChallenge } from '@berth/proto/api/v1/auth_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { passkeyForm } from '../components/passkey-form.ts';
import { enter } from '../enter.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { readForm } from '../read-form.ts';
import { sessionToken, visitorOf, type WebEnv } from '../session.ts';

/** What the second step is about; it travels in the form, since nobody is signed in yet. */
interface Step {
  pendingToken: string;
  passkeyOptions: string;
  /** Whether a code is worth asking for. */
  codes: boolean;
  /** Path to go on to afterwards. */
  next: string;
}

/** The second step of a sign-in. */
export function secondStepPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/sign-in/second-step', (c) => c.redirect('/sign-in'));
  pages.post('/sign-in/second-step', async (c) => {
    const { pending = '', options = '', codes = '', next = '', code = '', passkey_response = '' } = await readForm(c);
    const transport = c.get('options').transportFor(visitorOf(c, sessionToken(c)));
    const answer = await refusable(
      createClient(AuthService, transport).completeSignIn({
        pendingToken: pending,
        code,
        passkeyResponse: passkey_response,
      }),
    );
    if (answer.ok) return enter(c, answer.value, next);
    return show(c, { pendingToken: pending, passkeyOptions: options, codes: codes !== '', next }, answer);
  });
  return pages;
}

/** Asks for a second factor, after whatever way somebody came. */
export function askSecondFactor(c: Context<WebEnv>, challenge: SecondFactorChallenge, next: string) {
  const { pendingToken, passkeyOptions, factors } = challenge;
  return show(c, { pendingToken, passkeyOptions, codes: factors.some((kind) => kind !== SecondFactor.PASSKEY), next });
}

function show(
  c: Context<WebEnv>,
  step: Step,
  refusal?: { errors: FormErrors; status: Parameters<typeof c.status>[0] & number },
): Response | Promise<Response> {
  c.header('cache-control', 'no-store');
  if (refusal?.errors.retryAfter) c.header('retry-after', refusal.errors.retryAfter);
  c.status(refusal?.status ?? 200);
  return c.html(page(step, refusal?.errors));
}

function page(step: Step, errors: FormErrors | undefined): Html {
  const carried = html`<input type="hidden" name="pending" value="${step.pendingToken}" />
    <input type="hidden" name="options" value="${step.passkeyOptions}" />
    <input type="hidden" name="codes" value="${step.codes ? '1' : ''}" />
    <input type="hidden" name="next" value="${step.next}" />`;
  const body = html`<h1>Second step</h1>
    ${formMessage(errors)}
    ${step.passkeyOptions ? passkey(step, carried) : ''}
    ${step.codes ? codeForm(carried) : html`<p>Your only second factor is a passkey. Without it, ask an administrator.</p>`}
    <p><a href="/sign-in">Begin again</a></p>`;
  return layout({ title: 'Second step', body, script: 'passkey.js' });
}

function passkey({ passkeyOptions }: Step, fields: Html): Html {
  const button = 'Use a passkey';
  return passkeyForm({ act: 'get', action: '/sign-in/second-step', options: passkeyOptions, button, fields });
}

function codeForm(carried: Html): Html {
  return html`<form method="post" action="/sign-in/second-step" class="narrow">
    ${carried}
    ${field({ label: 'Code', name: 'code', path: 'code', required: true, autocomplete: 'one-time-code', hint: 'Six digits from your authenticator program, or one of your recovery codes.' })}
    <button>Sign in</button>
  </form>`;
}
