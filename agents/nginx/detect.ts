import { access, readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { unlessMissing } from '../shared/durable-files.ts';
import { runProgram } from '../shared/run-program.ts';
import type { NginxConfig } from './config.ts';
import { checkHash } from './hash-check.ts';
import { type NginxBuild, parseBuild } from './nginx-build.ts';
import type { RenderOptions } from './render-options.ts';

const STREAM_MODULES = [
  '/usr/lib/nginx/modules/ngx_stream_module.so',
  '/usr/lib64/nginx/modules/ngx_stream_module.so',
  '/usr/share/nginx/modules/ngx_stream_module.so',
];
const ACCOUNTS = ['www-data', 'nginx', 'nobody'];

/** Reads the version and the modules of the installed nginx. @throws Error when it cannot be run or is too old */
export async function detectBuild(binary: string): Promise<NginxBuild> {
  const result = await runProgram(binary, ['-V']);
  if (result.exitCode !== 0) throw new Error(`${binary} -V failed: ${result.stderr}`);
  return parseBuild(result.stderr);
}

/** Finds out what the configuration depends on, on this host. @throws Error as `detectBuild` */
export async function detectOptions(config: NginxConfig): Promise<RenderOptions> {
  const build = await detectBuild(config.binary);
  const streamModule =
    build.stream === 'module' ? (config.streamModule ?? (await firstFile(STREAM_MODULES))) : undefined;
  const account = process.getuid?.() === 0 ? await accountOf(config.user) : {};
  return {
    config,
    build,
    listen: (config.listen ?? defaultAddresses()).map((address) => (isIPv6(address) ? `[${address}]` : address)),
    ...account,
    ...(streamModule !== undefined && { streamModule }),
    stream: build.stream === 'built-in' || streamModule !== undefined,
    http3: build.http3 && config.http3,
    slotted: build.hash && (await checkHash(config.binary)),
  };
}

/** What the agent tells the control plane about its nginx. */
export function capabilitiesOf({ build, stream, http3 }: RenderOptions): string[] {
  return [`nginx/${build.version}`, ...(stream ? ['nginx:stream'] : []), ...(http3 ? ['nginx:http3'] : [])];
}

function defaultAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.some((address) => address.family === 'IPv6') ? ['0.0.0.0', '::'] : ['0.0.0.0'];
}

async function firstFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths)
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  return undefined;
}

/** The account of the workers: the one asked for, else the first usual one that exists. */
async function accountOf(wanted: string | undefined): Promise<{ user?: string; userId?: number }> {
  const accounts = (await unlessMissing(readFile('/etc/passwd', 'utf8'))) ?? '';
  const ids = new Map(accounts.split('\n').map((line) => [line.split(':')[0], Number(line.split(':')[2])]));
  const user = wanted ?? ACCOUNTS.find((name) => ids.has(name));
  const userId = ids.get(user);
  return { ...(user !== undefined && { user }), ...(userId !== undefined && { userId }) };
}
