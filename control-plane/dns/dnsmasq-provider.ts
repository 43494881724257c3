import { AppError } from '../errors.ts';
import { activeAgents, allRun } from '../operations/site-agents.ts';
import { createWaker } from '../operations/waker.ts';
import { deleteRecord, insertRecord } from '../store/internal-records.ts';
import type { DnsDeps, DnsProvider, TxtRecord } from './dns-provider.ts';
import { refused } from './failures.ts';

const WHO = "The site's own dnsmasq";
const LOOK_MS = 1_000;

/**
 * The site's own dnsmasq, for names under the site's internal domain. A record is there once every dnsmasq agent of the
 * site runs the revision that brought it; agents check that what they run is being served.
 */
export function openDnsmasq(deps: DnsDeps, siteId: string): DnsProvider {
  const { store } = deps;
  const takeBack = ({ fqdn, value }: TxtRecord) => store.transaction((tx) => deleteRecord(tx, { siteId, fqdn, value }));
  return {
    async addTxt(record, signal) {
      const revision = await store.transaction(async (tx) => {
        const site = await tx.db
          .selectFrom('sites')
          .select('internal_domain')
          .where('id', '=', siteId)
          .executeTakeFirst();
        if (!site) throw refused(WHO, 'there is no such site.');
        if (!record.fqdn.endsWith(`.${site.internal_domain}`)) {
          throw refused(WHO, `it serves names under ${site.internal_domain} only, not ${record.fqdn}.`);
        }
        return insertRecord(tx, { siteId, ...record });
      });
      try {
        await untilAllRun(deps, siteId, revision, signal);
      } catch (error) {
        await takeBack(record);
        throw error;
      }
      return '{}';
    },
    removeTxt: takeBack,
  };
}

async function untilAllRun(
  { store, clock }: DnsDeps,
  siteId: string,
  revision: number,
  signal: AbortSignal,
): Promise<void> {
  const waker = createWaker(store.feed, clock, LOOK_MS, ({ kind }) => kind === 'agent' || kind === 'site');
  let waiting = 'nobody looked yet';
  try {
    for (;;) {
      const agents = await activeAgents(store.db, siteId, 'dnsmasq');
      if (agents.length === 0) throw refused(WHO, 'the site has no dnsmasq agent.');
      const look = allRun(agents, revision);
      if ('done' in look) return;
      waiting = look.waiting;
      await waker.next(signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    const message = `${WHO} does not serve the record in time: ${waiting}.`;
    throw new AppError('deadline_exceeded', { reason: 'txt_not_served', message, cause: error });
  } finally {
    waker.close();
  }
}
