import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { BackupError, type BackupFault } from './backup-error.ts';
import { openSealed, readHeader, seal } from './sealed-file.ts';

const KEY = new Uint8Array(32).fill(7);
const ABOUT = { berth: '0.1.0', schema: '0007-ingress', madeAt: '2026-11-30T01:00:00.000Z' };
/** Longer than three chunks. */
const CONTENT = randomBytes(800_000);

const pieces = async function* (...all: Uint8Array[]) {
  yield* all;
};
const sealed = (content: Uint8Array) => buffer(seal(ABOUT, KEY, pieces(content)));
const opened = async (bytes: Uint8Array, key = KEY) => {
  const { content } = await openSealed(pieces(bytes), key);
  return buffer(content);
};

/** What is wrong with a file, and how much of it was given out before that was known. */
async function faultOf(bytes: Uint8Array): Promise<{ fault: BackupFault | 'none'; given: Buffer }> {
  const given: Buffer[] = [];
  try {
    const { content } = await openSealed(pieces(bytes), KEY);
    for await (const piece of content) given.push(piece);
    return { fault: 'none', given: Buffer.concat(given) };
  } catch (error) {
    if (error instanceof BackupError) return { fault: error.fault, given: Buffer.concat(given) };
    throw error;
  }
}

let file: Buffer;
let starts: number[];

beforeAll(async () => {
  file = await sealed(CONTENT);
  const { bytes } = await readHeader(pieces(file));
  starts = [];
  for (let at = bytes.length; at < file.length; at += 9 + file.readUInt32BE(at + 5)) starts.push(at);
});

test('whatever was sealed comes out again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (content) => {
      expect(await opened(await sealed(content))).toEqual(Buffer.from(content));
    }),
  );
  expect((await opened(file)).equals(CONTENT)).toBe(true);
  expect(starts).toHaveLength(4);
});

test('the header tells in clear what it is and which key it wants', async () => {
  const { header } = await readHeader(pieces(file));
  expect(header).toMatchObject({ ...ABOUT, format: 1, keyId: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect(file.includes(CONTENT.subarray(0, 16))).toBe(false);
});

describe('what is wrong is told apart:', () => {
  test('another key, named by both identifiers', async () => {
    const error = await opened(file, new Uint8Array(32).fill(8)).catch((reason: BackupError) => reason);
    expect(error).toMatchObject({ fault: 'wrong_key', message: expect.stringMatching(/[0-9a-f]{16}.*[0-9a-f]{16}/) });
  });

  test('no backup, and a newer format', async () => {
    expect((await faultOf(Buffer.from('something else entirely'))).fault).toBe('not_a_backup');
    expect((await faultOf(Buffer.alloc(0))).fault).toBe('not_a_backup');
    const newer = Buffer.from(file.toString('latin1').replace('"format":1', '"format":9'), 'latin1');
    expect((await faultOf(newer)).fault).toBe('too_new');
  });

  test('cut off anywhere', async () => {
    const least = starts[0] ?? 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 12, max: file.length - 1 }), async (length) => {
        const { fault, given } = await faultOf(file.subarray(0, length));
        expect(fault).toBe('truncated');
        expect(given.equals(CONTENT.subarray(0, given.length))).toBe(true);
        if (length < least) expect(given).toHaveLength(0);
      }),
    );
    for (const start of starts.slice(1)) expect((await faultOf(file.subarray(0, start))).fault).toBe('truncated');
  });

  test('parts in another order, or left out', async () => {
    const [a = 0, b = 0, c = 0, d = 0] = starts;
    const part = (from: number, to?: number) => file.subarray(from, to);
    const swapped = Buffer.concat([part(0, a), part(b, c), part(a, b), part(c)]);
    expect((await faultOf(swapped)).fault).toBe('reordered');
    expect((await faultOf(Buffer.concat([part(0, b), part(c)]))).fault).toBe('reordered');
    const renumbered = Buffer.concat([part(0, b), part(c)]);
    renumbered.writeUInt32BE(1, b + 1);
    expect((await faultOf(renumbered)).fault).toBe('changed');
    const ended = Buffer.from(part(0, d));
    ended[c] = 1;
    expect((await faultOf(ended)).fault).toBe('changed');
  });

  test('changed or appended to', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: file.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const changed = Buffer.from(file);
          changed[at] = (changed[at] ?? 0) ^ (1 << bit);
          const { fault, given } = await faultOf(changed);
          expect(fault).not.toBe('none');
          expect(given.equals(CONTENT.subarray(0, given.length))).toBe(true);
        },
      ),
    );
    expect((await faultOf(Buffer.concat([file, Buffer.of(0)]))).fault).toBe('changed');
  });

  test('parts of another backup under the same key', async () => {
    const other = await sealed(CONTENT);
    const mixed = Buffer.concat([file.subarray(0, starts[1]), other.subarray(starts[1])]);
    expect((await faultOf(mixed)).fault).toBe('changed');
  });
});
