import { type Domain, DomainsService } from '@berth/proto/api/v1/domains_pb.js';
import { createClient, type Transport } from '@connectrpc/connect';

/** The domains under which whoever looks may put names now, at most 200. @param site identifier or name; empty: all */
export async function usableDomains(transport: Transport, site = ''): Promise<Domain[]> {
  const { domains } = await createClient(DomainsService, transport).listDomains({ site, pageSize: 200 });
  return domains.filter(({ verified }) => verified);
}
