import { createInterface } from 'node:readline/promises';
import { Command, InvalidArgumentError } from 'commander';
import { ConfigError, DEFAULT_STATE_DIR } from './config.ts';
import { isManagedHost } from './host/system.ts';
import { isRoleName, ROLES, type RoleName } from './roles.ts';

/** The options as they are typed. */
interface Given {
  server: string;
  token: string;
  caSha256: string;
  roles: RoleName[];
  stateDir?: string;
  name?: string;
  httpPort?: number;
  httpsPort?: number;
  listen?: string[];
  interface?: string[];
  dnsPort?: number;
  dhcp: boolean;
  check?: boolean;
  yes?: boolean;
}

/** `berth-agent enroll`: on a host with the package and systemd it sets everything up, elsewhere it only joins. */
export function enrolCommand(): Command {
  return new Command('enroll')
    .description('make this host an agent; the command with its token comes from the control plane')
    .requiredOption('--server <url>', 'base URL of the control plane, https')
    .requiredOption('--token <token>', 'single-use join token')
    .requiredOption('--ca-sha256 <hex>', "SHA-256 of the control plane's authority")
    .requiredOption('--roles <list>', `roles of this host, of ${Object.keys(ROLES).join(', ')}`, rolesOf)
    .option('--name <name>', "name that administrators see, instead of the host's own")
    .option('--http-port <port>', 'port of nginx for HTTP, instead of 80', portOf)
    .option('--https-port <port>', 'port of nginx for HTTPS, instead of 443', portOf)
    .option('--listen <addresses>', 'addresses of this host that nginx and dnsmasq listen on, instead of all', listOf)
    .option('--interface <names>', 'interfaces whose containers dnsmasq serves, instead of all', listOf)
    .option('--dns-port <port>', 'port of dnsmasq for DNS, instead of 53', portOf)
    .option('--no-dhcp', 'let dnsmasq hand out no addresses')
    .option('--check', 'look whether this host will do and say what would be changed, and change nothing')
    .option('--yes', 'change it without asking')
    .option('--state-dir <dir>', `only join, and keep the identity there; default: ${DEFAULT_STATE_DIR}`)
    .addHelpText('after', HELP)
    .action(run);
}

const HELP = `
As root, on a host with systemd, it looks whether the host will do, says what it will change, asks, joins, and starts
the services. Without root, or with --state-dir, it only joins.

Example:
  berth-agent enroll --server https://berth.example:8443 --token TOKEN --ca-sha256 HEX --roles nginx,dnsmasq`;

async function run(given: Given): Promise<void> {
  const { server, token, caSha256, roles, name } = given;
  const joining = { server, token, caSha256, ...(name !== undefined && { name }) };
  if (given.stateDir === undefined && isManagedHost()) {
    const { enrolHost } = await import('./host/enrol-host.ts');
    const serves = await enrolHost({
      join: joining,
      host: hostOptions(given),
      yes: given.yes ?? false,
      checkOnly: given.check ?? false,
      print: (text) => void process.stdout.write(text),
      confirm,
    });
    if (!serves) process.exitCode = 1;
    return;
  }
  refuseHostOptions(given);
  const { enrol } = await import('./enroll.ts');
  const { agentId } = await enrol({ ...joining, roles, stateDir: given.stateDir ?? DEFAULT_STATE_DIR });
  process.stdout.write(`enrolled as ${agentId}\n`);
}

function hostOptions({ roles, httpPort, httpsPort, listen, interface: interfaces, dnsPort, dhcp }: Given) {
  return {
    roles,
    ...(httpPort !== undefined && { httpPort }),
    ...(httpsPort !== undefined && { httpsPort }),
    ...(listen && { listen }),
    ...(interfaces && { interfaces }),
    ...(dnsPort !== undefined && { dnsPort }),
    ...(!dhcp && { dhcp }),
  };
}

/** What would be done silently not is refused. */
function refuseHostOptions(given: Given): void {
  const { roles: _, ...others } = hostOptions(given);
  if (Object.keys(others).length === 0 && !given.check) return;
  throw new ConfigError(
    'the options for ports, addresses and --check set up a host: they want root, systemd and the package berth-agent, and no --state-dir',
  );
}

/** Undefined where nobody sits at a terminal. */
async function confirm(question: string): Promise<boolean | undefined> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

function rolesOf(list: string): RoleName[] {
  const words = listOf(list);
  const unknown = words.filter((word) => !isRoleName(word));
  if (unknown.length > 0) throw new InvalidArgumentError(`no such role: ${unknown.join(', ')}`);
  return words.filter(isRoleName);
}

function listOf(list: string): string[] {
  return list
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('must be 1–65535');
  return port;
}
