import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

test('the defaults stand on one state directory', () => {
  const config = readConfig({ BERTH_STATE_DIR: '/srv/berth' });
  expect(config.databaseUrl).toBe('sqlite:/srv/berth/berth.db');
  expect(config.masterKeyFile).toBe('/srv/berth/master.key');
  expect(config.listen).toEqual({ host: '0.0.0.0', port: 8443 });
  expect(config.agentAddress).toBe('localhost:8444');
});

test('every wrong variable is named', () => {
  expect(() => readConfig({ BERTH_LISTEN: 'here', BERTH_FIRST_VMID: '7' })).toThrow(
    /BERTH_LISTEN: takes HOST:PORT[\s\S]*BERTH_FIRST_VMID/,
  );
});

test('pages without TLS stay on loopback', () => {
  expect(() => readConfig({ BERTH_PLAIN_LISTEN: '0.0.0.0:8080' })).toThrow(/loopback/);
  expect(readConfig({ BERTH_PLAIN_LISTEN: '[::1]:8080' }).plainListen).toEqual({ host: '::1', port: 8080 });
});
