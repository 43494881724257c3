/**
 * Which names may become domains beside those that there are. A name that is served, or that lies under somebody else's
 * domain, is not to be had by bringing it as one's own: otherwise its certificate could be ordered, and its visitors
 * received, by a stranger. Nor may a custom domain be put above somebody else's; administrators may do that.
 */
import { type AppError, taken } from '../../errors.ts';
import { domainsNear } from '../../store/domains.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import { administersSite, type Caller } from '../caller.ts';

/** A domain that somebody wants. */
export interface WantedDomain {
  name: string;
  siteId: string;
  /** Whose it would be; null for the site's own. */
  ownerId: string | null;
}

/**
 * Refuses a name that collides with a domain that is proven, or with a name that is served.
 * @param field where the name stands in the request
 * @throws AppError "domain_taken"
 */
export async function refuseConflicts(db: Db, caller: Caller, wanted: WantedDomain, field: string): Promise<void> {
  for (const other of await domainsNear(db, wanted.name)) {
    if (other.name === wanted.name) throw nameTaken(field, `The domain "${wanted.name}" is taken.`);
    if (mayStandBeside(caller, wanted, other)) continue;
    const below = wanted.name.endsWith(`.${other.name}`);
    throw nameTaken(
      field,
      below
        ? `"${wanted.name}" lies under the domain "${other.name}", which is somebody else's.`
        : `Somebody else has a domain under "${wanted.name}"; an administrator can add it for you.`,
    );
  }
  if (await isServed(db, wanted.name)) throw nameTaken(field, `The name "${wanted.name}" is served already.`);
}

/** Whether a caller may have a domain above or below another: of his own ones, and where he administers the other's site. */
function mayStandBeside(caller: Caller, wanted: WantedDomain, other: Row<'domains'>): boolean {
  if (other.owner_id !== null && other.owner_id === wanted.ownerId) return true;
  return administersSite(caller, other.site_id);
}

/** Whether a name is served, over HTTP or by its name over TLS. */
async function isServed(db: Db, name: string): Promise<boolean> {
  const http = await db.selectFrom('service_names').select('id').where('host', '=', name).executeTakeFirst();
  const tls = await db.selectFrom('services').select('id').where('sni_host', '=', name).executeTakeFirst();
  return http !== undefined || tls !== undefined;
}

/** A name that is somebody's. */
export function nameTaken(field: string, message: string): AppError {
  return taken('domain_taken', field, message);
}
