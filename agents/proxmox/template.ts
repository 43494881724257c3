import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { contentAnswer } from './answers.ts';
import type { PveApi } from './client.ts';
import { PveFailure } from './failure.ts';

const natural = new Intl.Collator('en', { numeric: true });

/**
 * The volume of a template. A name with a colon is a volume already; a bare one is looked up in the storage: the file
 * of that name, else the newest of those that begin with it ("debian-12" takes "debian-12-standard_12.7-1_amd64…").
 * @throws PveFailure INVALID naming what the storage has when nothing fits
 */
export async function resolveTemplate(
  client: PveApi,
  node: string,
  storage: string,
  template: string,
): Promise<string> {
  if (template.includes(':')) return template;
  const path = `/nodes/${encodeURIComponent(node)}/storage/${encodeURIComponent(storage)}/content`;
  const content = await client.get(path, contentAnswer, { content: 'vztmpl' });
  const found = pickTemplate(
    content.map(({ volid }) => volid),
    template,
  );
  if (found !== undefined) return found;
  const names = content.map(({ volid }) => fileOf(volid)).toSorted(natural.compare);
  const there = names.length === 0 ? 'no templates at all' : names.join(', ');
  const message = `there is no template ${JSON.stringify(template)} in storage ${storage}, which holds ${there}`;
  throw new PveFailure(CommandFailureCode.INVALID, message);
}

/** The volume that a bare name stands for, or undefined. */
export function pickTemplate(volumes: readonly string[], name: string): string | undefined {
  const exact = volumes.find((volume) => fileOf(volume) === name || fileOf(volume).replace(/\.tar.*$/, '') === name);
  if (exact !== undefined || name === '') return exact;
  const candidates = volumes.filter(
    (volume) => /^[-_]/.test(fileOf(volume).slice(name.length)) && begins(volume, name),
  );
  return candidates.toSorted((a, b) => natural.compare(fileOf(b), fileOf(a)))[0];
}

function begins(volume: string, name: string): boolean {
  return fileOf(volume).startsWith(name);
}

function fileOf(volume: string): string {
  return volume.slice(volume.lastIndexOf('/') + 1);
}
