/** Who may come to a service that wants people to sign in first. */
import type { AppSessionState } from '../../store/app-sessions.ts';
import { readServiceOptions, type SignInOptions } from '../../store/service-options.ts';
import { type Standing, standingOf } from '../../store/standing.ts';
import type { Db } from '../../store/store.ts';
import { roleIn } from '../roles.ts';

/** A service as far as it decides who may come; from its row. */
export interface GuardedService {
  containerId: string;
  signIn: SignInOptions;
}

/** Whether somebody may come, and what that rests on. */
export interface Admission {
  allowed: boolean;
  /**
   * Whether it holds as long as the directory and the service are the same. That somebody administers a site is not part
   * of the directory.
   */
  lasting: boolean;
  standing: Standing;
}

/** What the columns of a service say about sign-in. @returns undefined for one that is gone */
export function guardedService(row: Pick<AppSessionState, 'container_id' | 'options'>): GuardedService | undefined {
  if (row.container_id === null) return undefined;
  return { containerId: row.container_id, signIn: readServiceOptions(row.options).signIn };
}

/** Decides, from what is in the database now. */
export async function admissionTo(db: Db, userId: string, { containerId, signIn }: GuardedService): Promise<Admission> {
  const standing = await standingOf(db, userId);
  if (signIn.require === 'anybody' || signIn.require === 'nobody') return { allowed: true, lasting: true, standing };
  const invited = signIn.require === 'groups' && signIn.groups.some((group) => standing.groupIds.includes(group));
  if (invited) return { allowed: true, lasting: true, standing };
  const container = await db
    .selectFrom('containers')
    .select(['id', 'site_id', 'owner_id'])
    .where('id', '=', containerId)
    .executeTakeFirst();
  if (!container || signIn.require === 'oauth2_proxy') return { allowed: false, lasting: false, standing };
  const within = async (siteIds: string[]) =>
    (await roleIn(db, { userId, ...standing, siteIds, token: undefined }, container)) !== undefined;
  const lasting = await within([]);
  return { allowed: lasting || (await within(standing.siteIds)), lasting, standing };
}
