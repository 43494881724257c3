/** Codes for whoever has lost his second factor: ten, each of which works once. */
import { newTypableCode } from './tokens.ts';

const COUNT = 10;
/** 75 bits, so a plain hash keeps them. */
const CHARACTERS = 15;
const SHAPE = new RegExp(`^[0-9a-hjkmnp-tv-z]{${CHARACTERS}}$`);

/** New codes as their owner writes them down. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: COUNT }, () => newTypableCode(CHARACTERS));
}

/** A recovery code as it was made, however it was typed; undefined when it is none. */
export function recoveryCode(typed: string): string | undefined {
  const plain = typed.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1');
  return SHAPE.test(plain) ? plain : undefined;
}
