import { domainFault } from './names.ts';
import { lineFault } from './text.ts';

// The dot-string of RFC 5321; quoted local parts are refused, as nobody has one and every program reads them differently.
const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const MAX = 254;
const MAX_LOCAL = 64;

/** One bare address for mail, in ASCII: no display name, no list, nothing that a header could break at. */
export function emailFault(text: string): string | undefined {
  if (text === '') return 'is required';
  const fault = lineFault(text, MAX);
  if (fault) return fault;
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at);
  const right = at > 0 && local.length <= MAX_LOCAL && LOCAL_PART.test(local) && isDomain(text.slice(at + 1));
  return right ? undefined : 'must be one address such as "ada@example.org"';
}

/** An address as it is kept and compared: in small letters. Only for one that has no fault. */
export function plainEmail(text: string): string {
  return text.toLowerCase();
}

// Letters that only become ASCII when they are made small (the Kelvin sign) must not slip in by that.
function isDomain(text: string): boolean {
  return /^[A-Za-z0-9.-]+$/.test(text) && domainFault(text.toLowerCase()) === undefined;
}
