import { rename, rm, stat } from 'node:fs/promises';
import { unlessMissing } from '../shared/durable-files.ts';

/** When a log is moved away, and how many former ones are kept: `<path>.1` is the newest. */
export type Rotation = { readonly maxBytes: number; readonly keep: number };

/** Moves a log that has grown too large; true when its writer must open a new one. */
export async function rotateLog(path: string, { maxBytes, keep }: Rotation): Promise<boolean> {
  const size = (await unlessMissing(stat(path)))?.size ?? 0;
  if (size <= maxBytes) return false;
  for (let number = keep; number > 1; number -= 1) {
    await unlessMissing(rename(`${path}.${number - 1}`, `${path}.${number}`));
  }
  if (keep > 0) await rename(path, `${path}.1`);
  else await rm(path);
  return true;
}
