/**
 * A guest for the set-up script that is only a directory: the files of a distribution that it reads, and programs that
 * note how they were called and do the little of their work that the script looks at. What runs is the real script in a
 * real shell. For distributions whose images cannot be had here; Debian is also tried in real guests.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setupScript } from '../setup-script.ts';

/** What tells one kind of guest from another. */
export interface FakeDistribution {
  /** Files it has, by path. */
  files: Record<string, string>;
  /** Programs it has beside a POSIX system's, by name: shell code, with its arguments in "$@". */
  programs: Record<string, string>;
  shell: 'dash' | 'busybox';
}

const TOOLS =
  'awk base64 cat chmod cmp cp date dirname grep head ln mkdir mktemp mv od paste printf readlink rm sed sort sync tail tr';

/** What the control plane answers to a token. */
export const SETTINGS = {
  URL: 'https://berth.example:8443',
  LDAP_URI: 'ldaps://berth.example:636 ldaps://second.example:636',
  LDAP_BASE: 'dc=example,dc=org',
  BIND_DN: 'cn=ctr-01,ou=services,dc=example,dc=org',
  CONTAINER: 'ctr-01',
  CA: Buffer.from('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n').toString('base64'),
  SECRET: 'beb_secret-of_the-container',
};

/** One fake guest; `close` removes it. */
export class FakeGuest {
  readonly #home = mkdtempSync(join(tmpdir(), 'berth-guest-'));
  readonly root = join(this.#home, 'root');
  readonly #bin = join(this.#home, 'bin');
  readonly #log = join(this.#home, 'calls');
  readonly #shell: readonly string[];

  constructor({ files, programs, shell }: FakeDistribution) {
    for (const [path, text] of Object.entries(files)) this.write(path, text);
    mkdirSync(this.#bin, { recursive: true });
    writeFileSync(this.#log, '');
    this.environment({});
    if (shell === 'busybox') execFileSync('busybox', ['--install', '-s', this.#bin]);
    else for (const tool of TOOLS.split(' ')) symlinkSync(which(tool), join(this.#bin, tool));
    this.#shell = shell === 'busybox' ? [which('busybox'), 'sh'] : [which('dash')];
    this.answer(SETTINGS);
    const everywhere = { id: 'echo 0', chgrp: ':', curl: `cat >/dev/null; cat '${join(this.#home, 'answer')}'` };
    for (const [name, code] of Object.entries({ ...everywhere, ...programs })) this.#program(name, code);
    writeFileSync(join(this.#home, 'setup.sh'), setupScript());
  }

  /** What the control plane answers from now on; nothing: it cannot be reached. */
  answer(settings: Record<string, string> | undefined, status = 200): void {
    const lines = Object.entries(settings ?? {}).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(this.#home, 'answer'), settings ? `${lines.join('')}\n${status}` : '');
    this.#program('curl', settings ? `cat >/dev/null; cat '${join(this.#home, 'answer')}'` : 'exit 7');
  }

  /** What the first process has in its environment. */
  environment(variables: Record<string, string>): void {
    const pairs = Object.entries(variables).map(([name, value]) => `${name}=${value}\0`);
    writeFileSync(join(this.#home, 'environ'), pairs.join(''));
  }

  /** Runs the script. @returns its exit code and what it said */
  run(args: readonly string[], env: Record<string, string> = {}): { code: number | null; said: string } {
    const [shell = '', ...first] = this.#shell;
    const { status, stdout, stderr } = spawnSync(shell, [...first, join(this.#home, 'setup.sh'), ...args], {
      env: { PATH: this.#bin, BERTH_ROOT: this.root, BERTH_ENVIRON: join(this.#home, 'environ'), ...env },
      encoding: 'utf8',
    });
    return { code: status, said: `${stdout}${stderr}` };
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  /** Every file by path, with its mode. */
  files(): Map<string, string> {
    const entries = readdirSync(this.root, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return new Map(
      paths.toSorted().map((path) => {
        const mode = (statSync(path).mode & 0o777).toString(8);
        return [path.slice(this.root.length), `${mode}\n${readFileSync(path, 'utf8')}`];
      }),
    );
  }

  /** How the distribution's programs were called since the last look. */
  calls(): string {
    const text = readFileSync(this.#log, 'utf8').replaceAll(this.root, '');
    writeFileSync(this.#log, '');
    return text;
  }

  close(): void {
    rmSync(this.#home, { recursive: true, force: true });
  }

  #program(name: string, code: string): void {
    const file = join(this.#bin, name);
    rmSync(file, { force: true });
    const note = ['id', 'chgrp', 'curl'].includes(name) ? '' : `echo "${name} $*" >>'${this.#log}'\n`;
    writeFileSync(file, `#!/bin/sh\nPATH=/usr/bin:/bin\nroot='${this.root}'\n${note}${code}\n`);
    chmodSync(file, 0o755);
  }
}

function which(program: string): string {
  const found = ['/usr/bin', '/bin'].map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (!found) throw new Error(`${program} is not there`);
  return found;
}
