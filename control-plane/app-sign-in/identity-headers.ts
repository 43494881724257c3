import type { AppSessionState } from '../store/app-sessions.ts';

/** nginx takes an answer's headers into one buffer of 16 KB. */
const MOST_GROUPS_BYTES = 8_192;

/**
 * What apps are told of a person. Values are printable ASCII: whatever else a name has in it is percent-encoded, as is
 * "%" itself, and "," in the names of groups, which separates them. An address is told once it was confirmed, for apps
 * tell their users apart by it. Groups that do not fit are left out, from the end of the alphabet.
 */
export function identityHeaders(
  user: Pick<AppSessionState, 'username' | 'email' | 'email_verified'>,
  groups: readonly string[],
): Record<string, string> {
  const name = encoded(user.username);
  const email = user.email_verified === 1 && user.email ? encoded(user.email) : '';
  return {
    'x-user': name,
    'x-preferred-username': name,
    'x-groups': listed(groups),
    ...(email && { 'x-email': email }),
  };
}

function listed(groups: readonly string[]): string {
  let list = '';
  for (const group of [...groups].sort()) {
    const longer = `${list}${list && ','}${encoded(group).replaceAll(',', '%2C')}`;
    if (longer.length > MOST_GROUPS_BYTES) return list;
    list = longer;
  }
  return list;
}

function encoded(text: string): string {
  return text.replace(/[^ -$&-~]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}
