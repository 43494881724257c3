/** What the two packages are made of. */
import { buildProgram as agentProgram } from '@berth/agents/berth-agent.ts';
import { buildProgram as berthProgram } from '@berth/control-plane/cli/berth.ts';
import type { Command } from 'commander';
import type { Program } from './bundle.ts';
import type { Control } from './deb.ts';

/** What differs between the two packages. */
export interface Recipe {
  name: string;
  program: Program;
  /** The command people type, and the file of the bundle behind it. */
  command: { name: string; file: string; build: () => Command };
  /** Arguments of Node's and variables that the program starts with. */
  runtime: { arguments: readonly string[]; variables: Readonly<Record<string, string>> };
  control: Pick<Control, 'depends' | 'recommends' | 'summary' | 'description'>;
  conffiles: Record<string, string>;
}

const QUIET = '--disable-warning=ExperimentalWarning';

/** The packages. */
export const RECIPES: readonly Recipe[] = [
  {
    name: 'berth',
    program: {
      entries: {
        main: 'control-plane/main.ts',
        berth: 'control-plane/cli/berth.ts',
        'ldap-main': 'control-plane/ldap-main.ts',
      },
      native: ['better-sqlite3', '@node-rs/argon2'],
      whole: ['grpc-health-check', '@grpc/reflection'],
      beside: {
        assets: 'web/assets',
        script: 'control-plane/guest-logins/script',
        'common-passwords.txt': 'control-plane/auth/common-passwords.txt',
      },
    },
    command: { name: 'berth', file: 'berth.mjs', build: berthProgram },
    runtime: { arguments: [QUIET], variables: {} },
    control: {
      depends: ['libc6', 'libstdc++6', 'systemd'],
      summary: 'Self-service Linux containers on a Proxmox cluster: control plane',
      description: [
        'Gives people containers with an address, a name, a route from outside with a',
        'certificate, and logins decided by membership. This package holds the control',
        'plane with its pages and API, the LDAP gateway and the berth command.',
      ],
    },
    conffiles: {},
  },
  {
    name: 'berth-agent',
    program: { entries: { 'berth-agent': 'agents/berth-agent.ts' }, native: [], whole: [], beside: {} },
    command: { name: 'berth-agent', file: 'berth-agent.mjs', build: agentProgram },
    // An agent is a guest on a host that has other work: it takes less memory and, seldom busy, a little more time.
    runtime: {
      arguments: [QUIET, '--max-semi-space-size=1', '--optimize-for-size', '--no-maglev'],
      variables: { MALLOC_ARENA_MAX: '1' },
    },
    control: {
      depends: ['libc6', 'libstdc++6', 'systemd'],
      summary: 'Self-service Linux containers on a Proxmox cluster: agent of a host',
      description: [
        'Makes a Proxmox, dnsmasq or nginx host do what the Berth control plane wants of',
        'it, and reports what is. It opens no port.',
      ],
    },
    conffiles: {},
  },
];
