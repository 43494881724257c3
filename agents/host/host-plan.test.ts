import { expect, it } from 'vitest';
import { ConfigError } from '../config.ts';
import { parseConffiles } from './as-installed.ts';
import { clockFinding } from './check-server.ts';
import { configFor, contradictions, planOf } from './host-plan.ts';

it('writes down what differs from the defaults, each for the roles it is about', () => {
  expect(configFor({ roles: ['nginx', 'dnsmasq'], httpPort: 8080, listen: ['10.64.0.1'], dhcp: false })).toEqual({
    roles: {
      nginx: { httpPort: 8080, listen: ['10.64.0.1'] },
      dnsmasq: { listenAddresses: ['10.64.0.1'], dhcp: false },
    },
  });
  expect(configFor({ roles: ['proxmox'], httpPort: 8080 })).toEqual({ roles: { proxmox: {} } });
});

it('refuses what the agent would refuse, naming the field', () => {
  expect(() => planOf(configFor({ roles: ['nginx'], listen: ['eth0'] }), 'options')).toThrow(ConfigError);
  expect(() => planOf(configFor({ roles: ['nginx'], listen: ['eth0'] }), 'options')).toThrow('listen.0');
});

it('finds where a configuration that is there says otherwise', () => {
  const there = { roles: { nginx: { httpPort: 8080, workers: 4 } } };
  expect(contradictions(there, { roles: ['nginx'], httpPort: 8080 })).toEqual([]);
  expect(contradictions(there, { roles: ['nginx', 'dnsmasq'], httpPort: 80 })).toEqual([
    'roles.nginx.httpPort: must be 80',
    'roles.dnsmasq: missing',
  ]);
});

it('reads conffiles as dpkg writes them, without those given up', () => {
  const text = `
 /etc/nginx/nginx.conf a64ef4de2fc4b2ba6ea9b2b0a09e1d8e
 /etc/nginx/old.conf 11111111111111111111111111111111 obsolete
`;
  expect(parseConffiles(text)).toEqual([{ path: '/etc/nginx/nginx.conf', md5: 'a64ef4de2fc4b2ba6ea9b2b0a09e1d8e' }]);
});

it('judges a clock by what it does to certificates', () => {
  expect(clockFinding(0.4)).toMatchObject({ state: 'ok' });
  expect(clockFinding(-20)).toMatchObject({ state: 'warning', message: expect.stringContaining('20 s ahead of') });
  expect(clockFinding(3600)).toMatchObject({ state: 'fault', message: expect.stringContaining('3600 s behind') });
});
