/** Whether nginx and dnsmasq are there, and can do what is asked of them. */
import { existsSync } from 'node:fs';
import type { Finding } from '@berth/proto/contract/finding.ts';
import type { DnsmasqConfig } from '../dnsmasq/config.ts';
import type { NginxConfig } from '../nginx/config.ts';
import { detectOptions } from '../nginx/detect.ts';
import { runProgram } from '../shared/run-program.ts';

const INSTALL_NGINX = 'apt install nginx-light libnginx-mod-stream';
/** Not `dnsmasq`, which would start one for the whole host. */
const INSTALL_DNSMASQ = 'apt install dnsmasq-base dnsmasq-utils';

/** What nginx is there, and whether it will do. */
export async function checkNginx(config: NginxConfig): Promise<{ findings: Finding[]; http3: boolean }> {
  if (!existsSync(config.binary)) return { findings: [missing('nginx', config.binary, INSTALL_NGINX)], http3: false };
  try {
    const { build, stream, http3 } = await detectOptions(config);
    const found: Finding = { check: 'nginx', state: 'ok', message: `nginx ${build.version}` };
    return { findings: [found, streamFinding(stream, build.stream === 'none')], http3 };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { findings: [{ check: 'nginx', state: 'fault', message, remedy: INSTALL_NGINX }], http3: false };
  }
}

/** What dnsmasq is there, and whether leases can be ended. */
export async function checkDnsmasq(config: DnsmasqConfig): Promise<Finding[]> {
  const { exitCode, stdout, stderr } = await runProgram(config.binary, ['--version']);
  if (exitCode === 127) return [missing('dnsmasq', config.binary, INSTALL_DNSMASQ)];
  if (exitCode !== 0) return [{ check: 'dnsmasq', state: 'fault', message: stderr, remedy: INSTALL_DNSMASQ }];
  const version = /version (\S+)/.exec(stdout)?.[1] ?? 'of an unknown version';
  const found: Finding = { check: 'dnsmasq', state: 'ok', message: `dnsmasq ${version}` };
  return config.dhcp ? [found, await checkLeaseRelease()] : [found];
}

function missing(check: string, program: string, remedy: string): Finding {
  return { check, state: 'fault', message: `${program} is not there`, remedy };
}

function streamFinding(stream: boolean, never: boolean): Finding {
  if (stream) return { check: 'nginx stream', state: 'ok', message: 'the stream module is there' };
  const message = 'the stream module is not there, so that no TCP or UDP service can be served';
  const remedy = never ? `This nginx was built without it. ${INSTALL_NGINX}` : 'apt install libnginx-mod-stream';
  return { check: 'nginx stream', state: 'fault', message, remedy };
}

/** Without it, a deleted container's address is free only when its lease has run out. */
async function checkLeaseRelease(): Promise<Finding> {
  const { exitCode } = await runProgram('dhcp_release', []);
  if (exitCode !== 127) return { check: 'dhcp_release', state: 'ok', message: 'leases can be ended' };
  const message = 'dhcp_release is not there, so that an address is free again only when its lease has run out';
  return { check: 'dhcp_release', state: 'warning', message, remedy: 'apt install dnsmasq-utils' };
}
