import { expect, test } from 'vitest';
import { nameFindings } from './names.ts';

const WORLD: Record<string, string[]> = {
  'berth.example.org': ['192.0.2.1'],
  'balancer.example.org': ['192.0.2.9'],
  'installer.example.org': ['127.0.1.1'],
};

const look = (...names: string[]) =>
  nameFindings({
    names: [...names, 'localhost', '127.0.0.1'],
    ownAddresses: ['127.0.0.1', '192.0.2.1'],
    resolve: async (name) => WORLD[name] ?? Promise.reject(new Error(`ENOTFOUND ${name}`)),
  });

test('names that lead here are well', async () => {
  const findings = await look('berth.example.org', 'installer.example.org', '192.0.2.1');
  expect(findings.map(({ state }) => state)).toEqual(['ok', 'ok', 'ok']);
});

test('a name that does not resolve is a fault; one that leads elsewhere may be right', async () => {
  expect(await look('gone.example.org')).toMatchObject([
    { state: 'fault', message: 'gone.example.org does not resolve (ENOTFOUND gone.example.org)' },
  ]);
  expect(await look('balancer.example.org')).toMatchObject([
    { state: 'warning', message: 'balancer.example.org leads to 192.0.2.9, no address of this machine' },
  ]);
});

test('a server without a name for others is a warning', async () => {
  expect(await look()).toMatchObject([{ state: 'warning' }]);
});
