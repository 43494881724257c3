import { keyOf, makeResource } from '@berth/proto/contract/resource.ts';
import { expect, test } from 'vitest';
import { faultOf } from './faults.ts';
import { Quarantine } from './quarantine.ts';

const route = (port: number) =>
  makeResource('web', {
    case: 'httpRoute',
    value: { host: 'web.apps.lab', certificate: 'apps', backend: { address: '10.0.0.1', port } },
  });
const certificate = (chainPem: string) => makeResource('apps', { case: 'certificate', value: { chainPem } });
const setOf = (...resources: ReturnType<typeof route>[]) => new Map(resources.map((each) => [keyOf(each), each]));

function quarantined(): Quarantine {
  const quarantine = new Quarantine();
  const set = setOf(route(80), certificate('one'));
  quarantine.add('httpRoute/web', faultOf(route(80), 'validate', 'no'), set);
  return quarantine;
}

test('a resource stays aside while nothing changes', () => {
  const quarantine = quarantined();
  const others = setOf(route(80), certificate('one'), makeResource('x', { case: 'certificate', value: {} }));
  expect([...quarantine.within(others).keys()]).toEqual(['httpRoute/web']);
  expect(quarantine.within(others).size).toBe(1);
});

test.each([
  ['it changes', setOf(route(81), certificate('one'))],
  ['its certificate changes', setOf(route(80), certificate('two'))],
  ['its certificate goes', setOf(route(80))],
  ['it goes', setOf(certificate('one'))],
])('a resource gets another chance when %s', (_, set) => {
  expect(quarantined().within(set).size).toBe(0);
});

test('and when somebody asks', () => {
  const set = setOf(route(80), certificate('one'));
  const [one, all] = [quarantined(), quarantined()];
  one.release('httpRoute/web');
  all.clear();
  expect([one.within(set).size, all.within(set).size]).toEqual([0, 0]);
});
