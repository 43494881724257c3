import { PveError } from './pve-error.ts';

/** A file of an upload. */
export interface UploadedFile {
  filename: string;
  bytes: Buffer;
}

export interface Upload {
  fields: Record<string, string>;
  file: UploadedFile;
}

// The real parser reads the parts in one fixed order and drops everything else with an empty 400.
const FIELD_ORDER = ['content', 'checksum-algorithm', 'checksum'];

/** Reads a multipart upload; throws the empty 400 when the parts are not in the order a real node expects. */
export function parseUpload(contentType: string, body: Buffer): Upload {
  const refused = new PveError(400, 'Bad Request', { body: 'empty' });
  const boundary = /boundary=("?)([^";]+)\1/.exec(contentType)?.[2];
  if (!boundary) throw refused;
  const fields: Record<string, string> = {};
  let reached = 0;
  for (const part of splitParts(body, boundary)) {
    const name = /name="([^"]*)"/.exec(part.head)?.[1] ?? '';
    const filename = /filename="([^"]*)"/.exec(part.head)?.[1];
    if (filename !== undefined) {
      if (name !== 'filename' || fields.content === undefined) throw refused;
      return { fields: { ...fields, filename }, file: { filename, bytes: part.content } };
    }
    const position = FIELD_ORDER.indexOf(name, reached);
    if (position < 0) throw refused;
    reached = position + 1;
    fields[name] = part.content.toString('utf8').trim();
  }
  throw refused;
}

function splitParts(body: Buffer, boundary: string): { head: string; content: Buffer }[] {
  const marker = Buffer.from(`--${boundary}`);
  const parts: { head: string; content: Buffer }[] = [];
  let from = body.indexOf(marker);
  while (from >= 0) {
    const next = body.indexOf(marker, from + marker.length);
    if (next < 0) break;
    const part = body.subarray(from + marker.length + 2, next - 2);
    const blank = part.indexOf('\r\n\r\n');
    if (blank >= 0) parts.push({ head: part.subarray(0, blank).toString('utf8'), content: part.subarray(blank + 4) });
    from = next;
  }
  return parts;
}
