import { faultsOf } from '@berth/test/support/metrics-text.ts';
import { expect, it } from 'vitest';
import { AGENTS } from './agent-definitions.ts';
import type { Definitions } from './definition.ts';
import { Instruments } from './instruments.ts';
import { OWN } from './own-definitions.ts';
import { processFigures } from './process-figures.ts';
import { Samples } from './samples.ts';
import { STORE } from './store-definitions.ts';

it('what happens is counted under names that Prometheus takes', async () => {
  const instruments = new Instruments();
  instruments.onCall({ rpc: 'AuthService.SignIn', code: 'ok', reason: '', via: 'api', stream: false, seconds: 0.1 });
  const refused = { code: 'unauthenticated', reason: 'wrong_credentials', via: 'page', stream: false } as const;
  instruments.onCall({ rpc: 'AuthService.SignIn', ...refused, seconds: 0.1 });
  instruments.onCall({ rpc: 'OperationsService.WatchOperation', ...refused, stream: true, seconds: 60 });
  instruments.onVisit({ route: '/containers/:id', method: 'GET', status: 200, seconds: 0.01 });
  instruments.onQuery({ statement: 'select', seconds: 0.001, failed: true });
  instruments.onOperation({ kind: 'container.create', state: 'failed', seconds: 20 });
  instruments.onLdap('search', 'success', 0.001);
  instruments.set('berth_store_pool_connections', { state: 'used' }, 3);
  const text = await instruments.text();
  expect(faultsOf(text)).toEqual([]);
  for (const line of [
    'berth_sign_ins_total{step="AuthService.SignIn",result="accepted"} 1',
    'berth_sign_ins_total{step="AuthService.SignIn",result="wrong_credentials"} 1',
    'berth_api_calls_total{rpc="OperationsService.WatchOperation",code="unauthenticated",via="page"} 1',
    'berth_api_call_duration_seconds_count{rpc="AuthService.SignIn"} 2',
    'berth_page_requests_total{method="GET",route="/containers/:id",status="200"} 1',
    'berth_store_errors_total{statement="select"} 1',
    'berth_operations_total{kind="container.create",state="failed"} 1',
    'berth_store_pool_connections{state="used"} 3',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text).not.toContain('berth_api_call_duration_seconds_count{rpc="OperationsService.WatchOperation"}');
});

it('the figures of the process are without fault, too', async () => {
  expect(faultsOf(await processFigures().metrics())).toEqual([]);
});

it('every figure is named and described after the rules, each once', async () => {
  const all: Definitions[] = [OWN, STORE, AGENTS];
  const names = all.flatMap((definitions) => Object.keys(definitions));
  expect(new Set(names).size).toBe(names.length);
  for (const definitions of all) {
    for (const [name, { type, help, labels }] of Object.entries(definitions)) {
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
      expect(help, name).toMatch(/^[A-Z].*\.$/);
      expect(
        labels.every((label) => /^[a-z]+$/.test(label)),
        name,
      ).toBe(true);
    }
  }
});

it('values from other hosts that are no numbers spoil no answer', async () => {
  const samples = new Samples(AGENTS);
  const at = { site: 'a"b\\c\nd', agent: 'x' };
  for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY])
    samples.put('berth_agent_cpu_seconds_total', at, value);
  samples.put('berth_agent_resident_memory_bytes', at, 5);
  const text = await samples.text();
  expect(text).not.toContain('cpu_seconds');
  expect(faultsOf(text)).toEqual([]);
});
