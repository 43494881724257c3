import { checkList } from '../validate/lists.ts';
import { cidrFault } from '../validate/ranges.ts';
import type { Violations } from '../validate/violations.ts';
import type { AskedOptions } from './service-fields.ts';

const MAX_RANGES = 64;

/** Reads and checks who may come by address. @param path of the message with `allow` and `deny` */
export function readRanges(
  { allow, deny }: { allow: string[]; deny: string[] },
  path: string,
  found: Violations,
): Pick<AskedOptions, 'allow' | 'deny'> {
  checkList(`${path}.allow`, allow, MAX_RANGES, cidrFault, found);
  checkList(`${path}.deny`, deny, MAX_RANGES, cidrFault, found);
  return { allow: [...allow], deny: [...deny] };
}
