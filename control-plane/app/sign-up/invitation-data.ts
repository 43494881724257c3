import * as z from 'zod';
import type { Row } from '../../store/schema.ts';

const shape = z.object({
  username: z.string(),
  displayName: z.string(),
  /** Identifiers. */
  groups: z.array(z.string()),
  /** Identifier of the mail that carries the link; empty where there is none. */
  mailId: z.string(),
});

/** What an invitation holds besides its address. */
export type Invited = z.infer<typeof shape>;

/** What an invitation holds. @throws when the link is none */
export function invitedOf(link: Pick<Row<'mail_links'>, 'data'>): Invited {
  return shape.parse(JSON.parse(link.data));
}
