/** Debian's slapd on loopback, on a directory of its own, with mdb and indexes for everything that is asked. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runProgram } from '@berth/agents/shared/run-program.ts';
import { freePort } from '@berth/test/support/free-port.ts';
import { waitFor } from '@berth/test/support/wait-for.ts';
import { BASE, ldif } from './people.ts';

/** A running slapd. */
export interface Slapd {
  readonly port: number;
  readonly tlsPort: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A prepared database for slapd. */
export class SlapdHome {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Loads the people; about a minute. @param certificate PEM files */
  static async prepare(directory: string, certificate: { cert: string; key: string }): Promise<SlapdHome> {
    await mkdir(join(directory, 'db'), { recursive: true });
    await writeFile(join(directory, 'berth.schema'), SCHEMA);
    await writeFile(join(directory, 'slapd.conf'), configuration(directory, certificate));
    const file = join(directory, 'people.ldif');
    await pipeline(Readable.from(ldif()), createWriteStream(file));
    const args = ['-q', '-f', join(directory, 'slapd.conf'), '-l', file];
    const added = await runProgram('/usr/sbin/slapadd', args, { timeoutMs: 300_000 });
    if (added.exitCode !== 0) throw new Error(`slapadd: ${added.stderr}`);
    return new SlapdHome(directory);
  }

  /** Starts it on some cores, e.g. "0" or "0,1". */
  async start(cores: string): Promise<Slapd> {
    const [port, tlsPort] = [await freePort(), await freePort()];
    const urls = `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${tlsPort}`;
    const config = join(this.#directory, 'slapd.conf');
    // With -d it stays in the foreground; 0 says nothing.
    const child = spawn('taskset', ['-c', cores, '/usr/sbin/slapd', '-d', '0', '-h', urls, '-f', config], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await waitFor(() => answers(port), { timeoutMs: 30_000, what: 'slapd to answer' });
    return { port, tlsPort, pid: child.pid ?? 0, stop: () => stopped(child) };
  }
}

async function answers(port: number): Promise<boolean> {
  const args = ['-x', '-H', `ldap://127.0.0.1:${port}`, '-s', 'base', '-b', ''];
  return (await runProgram('ldapsearch', args)).exitCode === 0;
}

async function stopped(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function configuration(directory: string, { cert, key }: { cert: string; key: string }): string {
  const schemas = ['core', 'cosine', 'inetorgperson', 'nis'].map((name) => `include /etc/ldap/schema/${name}.schema`);
  return `${schemas.join('\n')}
include ${directory}/berth.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload argon2
pidfile ${directory}/slapd.pid
argsfile ${directory}/slapd.args
sizelimit unlimited
TLSCertificateFile ${cert}
TLSCertificateKeyFile ${key}
database mdb
suffix "${BASE}"
rootdn "cn=root,${BASE}"
rootpw secret
maxsize 2147483648
directory ${directory}/db
index objectClass,uid,uidNumber,gidNumber,cn,memberUid,member eq
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
`;
}

const SCHEMA = `attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
attributetype ( 1.2.840.113556.1.2.102 NAME 'memberOf' EQUALITY distinguishedNameMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
objectclass ( 1.3.6.1.4.1.99999.1 NAME 'berthPerson' AUXILIARY MAY ( sshPublicKey $ memberOf ) )
objectclass ( 1.3.6.1.4.1.99999.2 NAME 'berthGroup' AUXILIARY MAY member )
`;
