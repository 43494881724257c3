/** The protocol reference: a page for each .proto file, and one that lists them. */
import { policy, type Rule } from '@berth/control-plane/auth/policy.ts';
import {
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescService,
  ScalarType,
} from '@bufbuild/protobuf';
import { getComments, getSyntaxComments } from '@bufbuild/protoplugin';
import { code, generatedFrom, prose, table } from './markdown.ts';

/** Where the page of a .proto file lies below docs/reference/protocol, e.g. "api/containers.md". */
export function pageOf(file: DescFile): string {
  const [, part = '', , name = ''] = file.name.split('/');
  return `${part}/${name}.md`;
}

/** All pages by where they lie. */
export function protocolPages(files: readonly DescFile[]): Map<string, string> {
  const pages = new Map(files.map((file) => [pageOf(file), filePage(file)]));
  pages.set('README.md', indexPage(files));
  return pages;
}

function indexPage(files: readonly DescFile[]): string {
  const lines = [
    generatedFrom('proto/**/*.proto and control-plane/auth/policy.ts'),
    '',
    '# Protocol reference',
    '',
    'In JSON, fields are written in camel case (`update_mask` is `updateMask`), enum values by their name, 64-bit numbers',
    'as strings, times as RFC 3339, durations as `"3.5s"`. How to call the API is in [api.md](../../api.md).',
  ];
  const parts = [
    ['berth.api.v1', 'The API: port 8443, for pages, `berth` and programs'],
    ['berth.agent.v1', 'The agent link: enrolment on port 8443, sessions on port 8444'],
  ] as const;
  for (const [name, title] of parts) {
    lines.push('', `## ${title}`, '', `Package \`${name}\`.`, '');
    const own = files.filter((file) => file.proto.package === name);
    lines.push(
      ...table(
        ['File', 'What', 'Services'],
        own.map((file) => [
          `[${file.name.split('/').at(-1)}.proto](${pageOf(file)})`,
          prose(about(file)),
          file.services.map((service) => link(service, file, pageOf(file))).join(', '),
        ]),
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}

function filePage(file: DescFile): string {
  const lines = [
    generatedFrom(`proto/${file.name}.proto`),
    '',
    `# ${file.name.split('/').at(-1)}.proto`,
    '',
    prose(about(file)),
    '',
    `Package \`${file.proto.package}\`; [all files](../README.md).`,
    ...file.services.flatMap((service) => serviceLines(service, file)),
    ...file.messages.flatMap((message) => messageLines(message, file)),
    ...file.enums.flatMap(enumLines),
  ];
  return `${lines.join('\n')}\n`;
}

function about(file: DescFile): string {
  const { leading, leadingDetached } = getSyntaxComments(file);
  return leading ?? leadingDetached.join(' ');
}

function serviceLines(service: DescService, file: DescFile): string[] {
  const ofApi = service.typeName.startsWith('berth.api.');
  const heads = ['Method', 'Takes', 'Answers', ...(ofApi ? ['Who may call', 'Token'] : []), 'What it does'];
  const rows = service.methods.map((method) => [
    code(method.name),
    streamed(method, 'client') + link(method.input, file),
    streamed(method, 'server') + link(method.output, file),
    ...(ofApi ? whoMay(service, method) : []),
    comment(method),
  ]);
  return ['', `## ${service.name}`, '', comment(service), '', ...table(heads, rows)];
}

function streamed(method: DescMethod, side: 'client' | 'server'): string {
  const streams = method.methodKind === 'bidi_streaming' || method.methodKind === `${side}_streaming`;
  return streams ? 'stream of ' : '';
}

/** @throws where the policy has no row for a method */
function whoMay(service: DescService, method: DescMethod): [who: string, token: string] {
  const rules: Record<string, Rule> = policy;
  const rule = rules[`${service.name}.${method.name}`];
  if (!rule) throw new Error(`control-plane/auth/policy.ts has no row for ${service.name}.${method.name}`);
  return [rule.who, rule.scope === 'session' ? 'none' : code(rule.scope)];
}

function messageLines(message: DescMessage, file: DescFile): string[] {
  if (message.proto.options?.mapEntry) return [];
  const fields = message.fields.map((field) => [
    String(field.number),
    code(field.name),
    typeOf(field, file),
    what(field),
  ]);
  return [
    '',
    `## ${nameOf(message)}`,
    '',
    comment(message),
    ...(fields.length > 0 ? ['', ...table(['No.', 'Field', 'Type', 'What'], fields)] : []),
    ...message.nestedMessages.flatMap((nested) => messageLines(nested, file)),
    ...message.nestedEnums.flatMap(enumLines),
  ];
}

function what(field: DescField): string {
  const oneof = field.oneof ? ` One of \`${field.oneof.name}\`.` : '';
  const secret = field.proto.options?.debugRedact ? ' Secret: in no log.' : '';
  return `${comment(field)}${oneof}${secret}`.trim();
}

function enumLines(each: DescEnum): string[] {
  const rows = each.values.map((value) => [String(value.number), code(value.name), comment(value)]);
  return ['', `## ${nameOf(each)}`, '', comment(each), '', ...table(['No.', 'Value', 'What'], rows)];
}

function typeOf(field: DescField, file: DescFile): string {
  switch (field.fieldKind) {
    case 'scalar':
      return code(ScalarType[field.scalar].toLowerCase());
    case 'message':
      return link(field.message, file);
    case 'enum':
      return link(field.enum, file);
    case 'list':
      return `list of ${elementOf(field, field.listKind, file)}`;
    case 'map':
      return `map of ${code(ScalarType[field.mapKey].toLowerCase())} to ${elementOf(field, field.mapKind, file)}`;
  }
}

function elementOf(field: DescField & { fieldKind: 'list' | 'map' }, kind: string, file: DescFile): string {
  if (kind === 'message' && field.message) return link(field.message, file);
  if (kind === 'enum' && field.enum) return link(field.enum, file);
  return code(field.scalar === undefined ? '' : ScalarType[field.scalar].toLowerCase());
}

/** A link to where a type is described. @param page the page it stands on, where that is not the file's own */
function link(desc: DescMessage | DescEnum | DescService, from: DescFile, page?: string): string {
  if (!desc.typeName.startsWith('berth.')) return code(desc.typeName);
  const name = desc.kind === 'service' ? desc.name : nameOf(desc);
  const anchor = `#${name.toLowerCase().replaceAll('.', '')}`;
  if (page !== undefined) return `[${name}](${page}${anchor})`;
  if (desc.file.name === from.name) return `[${name}](${anchor})`;
  const [there, here] = [pageOf(desc.file), pageOf(from)];
  const beside = there.split('/')[0] === here.split('/')[0];
  return `[${name}](${beside ? there.split('/').at(-1) : `../${there}`}${anchor})`;
}

/** With the names of the messages around it, as in "Route.Kind". */
function nameOf(desc: DescMessage | DescEnum): string {
  return desc.parent ? `${nameOf(desc.parent)}.${desc.name}` : desc.name;
}

function comment(desc: Parameters<typeof getComments>[0]): string {
  const { leading, trailing } = getComments(desc);
  return prose([leading, trailing].filter(Boolean).join(' '));
}
