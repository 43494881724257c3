import * as z from 'zod';
import type { Row } from '../../store/schema.ts';

const shape = z.object({ username: z.string(), displayName: z.string(), passwordHash: z.string() });

/** What somebody has registered with, until he has shown his address to be his own. */
export type Registration = z.infer<typeof shape>;

/** The registration that a link stands for. @throws when it stands for something else */
export function registrationOf(link: Pick<Row<'mail_links'>, 'data'>): Registration {
  return shape.parse(JSON.parse(link.data));
}
