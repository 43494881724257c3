import * as z from 'zod';
import type { SecretBox } from '../store/secrets.ts';

const shape = z.object({
  /** Plain text. */
  text: z.string(),
  /** With angle brackets; the same at every attempt. */
  messageId: z.string(),
  /** No attempt after this, milliseconds since the epoch. */
  until: z.number(),
});

/** The part of a queued mail that is sealed, as it may hold a link that lets somebody in. */
export type Letter = z.infer<typeof shape>;

/** Seals a letter for the row of its mail. */
export function sealLetter(secrets: SecretBox, mailId: string, letter: Letter): Uint8Array {
  return secrets.seal(JSON.stringify(letter), contextOf(mailId));
}

/** Opens what `sealLetter` sealed. @throws when the key or the row is another */
export function openLetter(secrets: SecretBox, mailId: string, box: Uint8Array): Letter {
  return shape.parse(JSON.parse(secrets.open(box, contextOf(mailId))));
}

function contextOf(mailId: string): string {
  return `outgoing_mails.body_box:${mailId}`;
}
