import { expect, it } from 'vitest';
import { dnsmasqConfigSchema } from '../dnsmasq/config.ts';
import { nginxConfigSchema } from '../nginx/config.ts';
import { checkDnsmasq, checkNginx } from './check-programs.ts';

it('names the packages that bring what is not there', async () => {
  const { findings } = await checkNginx(nginxConfigSchema.parse({ binary: '/usr/sbin/no-nginx' }));
  expect(findings).toEqual([
    {
      check: 'nginx',
      state: 'fault',
      message: '/usr/sbin/no-nginx is not there',
      remedy: 'apt install nginx-light libnginx-mod-stream',
    },
  ]);
  const [finding] = await checkDnsmasq(dnsmasqConfigSchema.parse({ binary: 'no-dnsmasq' }));
  expect(finding).toMatchObject({ state: 'fault', remedy: 'apt install dnsmasq-base dnsmasq-utils' });
});

it('tells an nginx without its stream module from one with it', async () => {
  const { findings } = await checkNginx(nginxConfigSchema.parse({}));
  expect(findings).toMatchObject([
    { check: 'nginx', state: 'ok' },
    { check: 'nginx stream', state: 'ok' },
  ]);
});
