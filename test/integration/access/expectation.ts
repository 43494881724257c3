/** What the policy's table promises, person by person: the matrix is compared with it. */
import {
  CONTAINER_ROLES,
  type ContainerRole,
  policy,
  type Rpc,
  type Rule,
  roleIncludes,
  scopeIncludes,
} from '@berth/control-plane/auth/policy.ts';
import type { Bearer } from './bearers.ts';
import type { Person, Standing } from './people.ts';

/** How a call ends, as far as rights decide. */
export type Ending = 'yes' | 'no' | 'hidden' | 'sign in';

/** The endings that the policy's row allows for a person; more than one where the row leaves it to the verb. */
export function expectedEndings(rpc: Rpc, { standing }: Person, narrowed = false): readonly Ending[] {
  const { who }: Rule = policy[rpc];
  if (who === 'anyone') return ['yes'];
  if (standing === 'anonymous') return ['sign in'];
  if (who === 'signed-in') return ['yes'];
  if (who === 'administrator') return standing === 'administrator' ? ['yes'] : ['no'];
  if (who === 'site-administrator') return siteEndings(standing, narrowed);
  // Of a domain that is everybody's at its site, which the matrix asks about: it is known to all.
  if (who === 'domain-owner')
    return standing === 'administrator' || standing === 'site-administrator' ? ['yes'] : ['no'];
  const role = roleOf(standing);
  if (role === undefined) return ['hidden'];
  return roleIncludes(role, who) ? ['yes'] : ['no'];
}

/**
 * The endings that the policy's row allows for an API token: those of its person, within its scope and its reach. What
 * is open to whoever is signed in may still be about something beyond a token's reach; the matrix shows which is.
 */
export function expectedForToken(rpc: Rpc, { person, scope, reach }: Bearer, narrowed = false): readonly Ending[] {
  const rule: Rule = policy[rpc];
  if (rule.who === 'anyone') return ['yes'];
  if (!scopeIncludes(scope, rule.scope)) return ['no'];
  const atHome = reach === 'everywhere' || reach === 'web1' || reach === 'lab';
  switch (rule.who) {
    case 'signed-in':
      return reach === 'everywhere' ? ['yes'] : ['yes', 'no', 'hidden'];
    case 'administrator':
      return reach === 'everywhere' ? expectedEndings(rpc, person) : ['no'];
    case 'domain-owner':
      if (reach === 'everywhere' || reach === 'lab') return expectedEndings(rpc, person);
      return ['no', 'hidden'];
    case 'site-administrator':
      if (reach === 'empty' && person.standing === 'administrator') return narrowed ? ['yes'] : ['no', 'hidden'];
      return expectedEndings(rpc, person);
    default:
      return atHome ? expectedEndings(rpc, person) : ['hidden'];
  }
}

/** Who administers another site knows sites and nodes of this one, which everybody may see, but none of its agents. */
function siteEndings(standing: Standing, narrowed: boolean): readonly Ending[] {
  if (standing === 'administrator' || standing === 'site-administrator') return ['yes'];
  if (standing !== 'administrator of another site') return ['no'];
  return narrowed ? ['yes'] : ['no', 'hidden'];
}

/** The role in the container that somebody has or counts as having. */
function roleOf(standing: Standing): ContainerRole | undefined {
  if (standing === 'administrator' || standing === 'site-administrator') return 'owner';
  return CONTAINER_ROLES.find((role) => role === standing);
}
