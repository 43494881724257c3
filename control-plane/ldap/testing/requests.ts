/** Requests as clients send them, in bytes. */
import { boolean, element, integer, string } from '../ber/writer.ts';
import { Oid } from '../protocol/oids.ts';

const SEQUENCE = 0x30;

/** A message with an operation; its identifier is 1 unless another is given. */
export function messageOf(operation: Buffer, controls: readonly Buffer[] = [], id = 1): Buffer {
  const rest = controls.length > 0 ? [element(0xa0, ...controls)] : [];
  return element(SEQUENCE, integer(id), operation, ...rest);
}

/** A control. */
export function control(oid: string, critical = false, value?: Uint8Array): Buffer {
  return element(SEQUENCE, string(oid), ...(critical ? [boolean(true)] : []), ...(value ? [string(value)] : []));
}

/** The control that asks for a page. */
export function paged(size: number, cookie = ''): Buffer {
  return control(Oid.pagedResults, false, element(SEQUENCE, integer(size), string(cookie)));
}

/** A simple bind. */
export function bindOf(dn: string, password: string | Uint8Array, version = 3): Buffer {
  return element(0x60, integer(version), string(dn), string(password, 0x80));
}

/** A bind by a mechanism of SASL. */
export function saslBindOf(mechanism: string): Buffer {
  return element(0x60, integer(3), string(''), element(0xa3, string(mechanism)));
}

export const equal = (attribute: string, value: string | Uint8Array) => element(0xa3, string(attribute), string(value));
export const atLeast = (attribute: string, value: string) => element(0xa5, string(attribute), string(value));
export const present = (attribute: string) => string(attribute, 0x87);
export const and = (...parts: Buffer[]) => element(0xa0, ...parts);
export const or = (...parts: Buffer[]) => element(0xa1, ...parts);
export const not = (part: Buffer) => element(0xa2, part);
export const substrings = (attribute: string, initial: string, any: string, final: string) =>
  element(0xa4, string(attribute), element(SEQUENCE, string(initial, 0x80), string(any, 0x81), string(final, 0x82)));

/** A search. */
export function searchOf(base: string, scope: 0 | 1 | 2, filter: Buffer, attributes: readonly string[] = []): Buffer {
  const numbers = [integer(scope, 0x0a), integer(0, 0x0a), integer(0), integer(0), boolean(false)];
  return element(0x63, string(base), ...numbers, filter, element(SEQUENCE, ...attributes.map((name) => string(name))));
}

export function compareOf(dn: string, attribute: string, value: string): Buffer {
  return element(0x6e, string(dn), element(SEQUENCE, string(attribute), string(value)));
}

/** A modification that replaces the values of one attribute. */
export function modifyOf(dn: string, attribute: string, ...values: string[]): Buffer {
  const set = element(0x31, ...values.map((value) => string(value)));
  const change = element(SEQUENCE, integer(2, 0x0a), element(SEQUENCE, string(attribute), set));
  return element(0x66, string(dn), element(SEQUENCE, change));
}

export function extendedOf(oid: string, value?: Uint8Array): Buffer {
  return element(0x77, string(oid, 0x80), ...(value ? [string(value, 0x81)] : []));
}

export function abandonOf(id: number): Buffer {
  return integer(id, 0x50);
}

export const UNBIND = Buffer.from([0x42, 0x00]);
