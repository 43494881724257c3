/** The configuration reference: names, kinds and defaults from the schemas, descriptions from the comments beside them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentConfigSchema } from '@berth/agents/config.ts';
import { dnsmasqConfigSchema } from '@berth/agents/dnsmasq/config.ts';
import { nginxConfigSchema } from '@berth/agents/nginx/config.ts';
import { proxmoxConfigSchema } from '@berth/agents/proxmox/config.ts';
import { environment } from '@berth/control-plane/config.ts';
import { z } from 'zod';
import { code, generatedFrom, prose, table } from './markdown.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

const CONTROL_PLANE = `
The control plane reads its environment; the package's units take it from \`/etc/berth/berth.env\`. Lists are separated
by commas. The LDAP gateway as a process of its own (\`berth ldap\`) reads the same variables.`;

const AGENT = `
The agent reads a JSON file, \`/etc/berth/agent.json\` unless \`--config\` names another. What it does not know it refuses,
with the field's name.`;

const SECTIONS = [
  { title: 'Agent', source: 'agents/config.ts', schema: agentConfigSchema, intro: AGENT },
  section('nginx', nginxConfigSchema),
  section('dnsmasq', dnsmasqConfigSchema),
  section('proxmox', proxmoxConfigSchema),
];

function section(role: string, schema: z.ZodType) {
  const intro = `\nUnder \`roles.${role}\` of the agent's file.`;
  return { title: `Role ${role}`, source: `agents/${role}/config.ts`, schema, intro };
}

/** The page. @throws naming each setting without a description */
export async function configurationPage(): Promise<string> {
  const controlPlane = {
    title: 'Control plane',
    source: 'control-plane/config.ts',
    schema: environment,
    intro: CONTROL_PLANE,
  };
  const sections = await Promise.all([controlPlane, ...SECTIONS].map(sectionLines));
  const sources = 'control-plane/config.ts and agents/**/config.ts';
  return `${[generatedFrom(sources), '', '# Configuration reference', ...sections.flat()].join('\n')}\n`;
}

async function sectionLines({ title, source, schema, intro }: (typeof SECTIONS)[number]): Promise<string[]> {
  const described = commentsOf(await readFile(join(REPOSITORY, source), 'utf8'));
  const settings = settingsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema, '');
  const describe = (path: string) =>
    path.split('.').reduceRight<string | undefined>((found, name) => found ?? described.get(name), undefined);
  const silent = settings.filter(({ path }) => describe(path) === undefined).map(({ path }) => path);
  if (silent.length > 0) throw new Error(`${source}: no comment describes ${silent.join(', ')}`);
  const rows = settings.map(({ path, kind, fallback }) => [
    code(path),
    prose(describe(path) ?? ''),
    kind,
    code(fallback),
  ]);
  return ['', `## ${title}`, intro, '', ...table(['Name', 'What', 'Kind', 'Default'], rows)];
}

/** As much of JSON Schema as is read here. */
interface Schema {
  type?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
}

interface Setting {
  path: string;
  kind: string;
  fallback: string;
}

function settingsOf(schema: Schema, before: string): Setting[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, each]) => {
    const path = `${before}${name}`;
    if (each.properties && Object.keys(each.properties).length > 0) return settingsOf(each, `${path}.`);
    const fallback = each.default === undefined ? '' : textOf(each.default);
    return [{ path, kind: kindOf(each), fallback }];
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function kindOf({ type, enum: choices, const: only, minimum, maximum, items, anyOf }: Schema): string {
  if (choices) return choices.map((choice) => code(textOf(choice))).join(', ');
  if (only !== undefined) return code(textOf(only));
  if (anyOf) return [...new Set(anyOf.map(kindOf))].join(' or ');
  if (type === 'array') return `list${items?.type ? ` of ${items.type}s` : ''}`;
  if (type === 'integer' || type === 'number') {
    if (minimum === undefined || maximum === undefined) return 'number';
    return maximum < Number.MAX_SAFE_INTEGER ? `${minimum}–${maximum}` : `from ${minimum}`;
  }
  return { string: 'text', boolean: '`true`, `false`' }[type ?? ''] ?? type ?? 'text';
}

/** Comments by the name of the property they stand before. */
function commentsOf(source: string): Map<string, string> {
  const found = source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(\w+):\s/g);
  return new Map([...found].map(([, text = '', name = '']) => [name, text.replace(/^\s*\*/gm, '').trim()] as const));
}
