/** How it is known that a block of the documents is right. */
import type { Block } from './blocks.ts';

/** Where commands stand that no lab on loopback can run, and what shows instead that they are right. */
const ELSEWHERE: Record<string, string> = {
  repository: 'this very test runs one, and is run by the other',
  'control-plane': 'a host with systemd and root; installing is what test/e2e/hosts*.test.ts do',
  agent: 'a host with systemd and root; joining is what test/e2e/hosts*.test.ts do',
  proxmox: 'a Proxmox VE host: its rights are those of test/lab/site-setup.ts',
  container: 'inside a container; what it does: test/e2e/logins.test.ts',
  client: 'another machine, with the client that it names',
  database: 'a database server',
};

/** How one block is covered. */
export interface Coverage {
  by: 'run' | 'compared' | 'read' | 'parsed' | 'shown';
  where: string;
}

const PARSED: Record<string, string> = {
  json: 'as JSON',
  yaml: 'as YAML',
  text: 'no command: a picture, or a line of a file',
};

/** How a block is covered; undefined when nothing looks at it. */
export function coverageOf({ language, attributes, outputOf }: Block): Coverage | undefined {
  if (outputOf) {
    return coverageOf(outputOf)?.by === 'run'
      ? { by: 'compared', where: 'with what the block before it prints' }
      : undefined;
  }
  const parsed = PARSED[language];
  if (parsed !== undefined) return { by: language === 'text' ? 'shown' : 'parsed', where: parsed };
  if (language !== 'sh') return undefined;
  const host = attributes.get('host');
  if (host === undefined) return { by: 'run', where: 'what scripts/dev brings up' };
  const where = ELSEWHERE[host];
  return where === undefined ? undefined : { by: 'read', where };
}
