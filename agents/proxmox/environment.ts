import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { PveFailure } from './failure.ts';

/** One variable to set. */
export interface Variable {
  name: string;
  value: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
// Older versions of PVE let a line break through, which would be another line of the guest's configuration.
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * PVE's `env` with variables set: those that are there keep their place and the rest stay as they are, an image's PATH
 * among them. No value is ever part of an error.
 * @param before NAME=value pairs with NUL between
 * @throws PveFailure INVALID naming each variable that cannot be one
 */
export function mergedEnvironment(before: string | undefined, variables: readonly Variable[]): string {
  const wrong = variables.filter(({ name, value }) => !NAME.test(name) || CONTROL.test(value));
  if (wrong.length > 0) {
    const names = wrong.map(({ name }) => JSON.stringify(name.slice(0, 80)));
    const message = `variables: ${names.join(', ')} cannot be set: a name of letters, digits and "_", no control characters`;
    throw new PveFailure(CommandFailureCode.INVALID, message);
  }
  const pairs = new Map<string, string>();
  for (const pair of (before ?? '').split('\0').filter((text) => text.includes('='))) {
    const equals = pair.indexOf('=');
    pairs.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  for (const { name, value } of variables) pairs.set(name, value);
  return [...pairs].map(([name, value]) => `${name}=${value}`).join('\0');
}
