import {
  DnsProviderSchema,
  type DnsProvidersService,
  DnsRecordState,
  GetDnsProviderRequestSchema,
} from '@berth/proto/api/v1/dns_providers_pb.js';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import type { Caller } from '../app/caller.ts';
import { listDnsRecords } from '../app/dns-providers/list-records.ts';
import { fieldsOfRow } from '../app/dns-providers/provider-fields.ts';
import { KINDS } from '../app/dns-providers/provider-kinds.ts';
import { type DnsProviderView, getDnsProvider, listDnsProviders } from '../app/dns-providers/read-providers.ts';
import { testDnsProvider } from '../app/dns-providers/test-provider.ts';
import {
  createDnsProvider,
  deleteDnsProviderVerb,
  updateDnsProviderVerb,
} from '../app/dns-providers/write-providers.ts';
import type { Row } from '../store/schema.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';

const STATES: Readonly<Record<Row<'dns_records'>['state'], DnsRecordState>> = {
  pending: DnsRecordState.PENDING,
  present: DnsRecordState.PRESENT,
  foreign: DnsRecordState.FOREIGN,
  failed: DnsRecordState.FAILED,
};

/** DNS providers and the public records that are kept at them. */
export function dnsProviderHandlers({ app }: ApiDeps): ServiceImpl<typeof DnsProvidersService> {
  const answer = async (caller: Caller, provider: string) => ({
    provider: providerShape(await getDnsProvider(app, caller, create(GetDnsProviderRequestSchema, { provider }))),
  });
  return {
    async createDnsProvider(request, context) {
      const caller = callerOf(context);
      return answer(caller, await createDnsProvider(app, caller, request));
    },
    getDnsProvider: async (request, context) => ({
      provider: providerShape(await getDnsProvider(app, callerOf(context), request)),
    }),
    async listDnsProviders(request, context) {
      const { rows, nextPageToken } = await listDnsProviders(app, callerOf(context), request);
      return { providers: rows.map(providerShape), nextPageToken };
    },
    async updateDnsProvider(request, context) {
      const caller = callerOf(context);
      return answer(caller, await updateDnsProviderVerb(app, caller, request));
    },
    async deleteDnsProvider(request, context) {
      await deleteDnsProviderVerb(app, callerOf(context), request);
      return {};
    },
    testDnsProvider: (request, context) => testDnsProvider(app, callerOf(context), request, context.signal),
    async listDnsRecords(request, context) {
      const { rows, nextPageToken } = await listDnsRecords(app, callerOf(context), request);
      return { records: rows.map(recordShape), nextPageToken };
    },
  };
}

function providerShape({ provider, domains }: DnsProviderView) {
  const { name, checkServers } = fieldsOfRow(provider);
  return create(DnsProviderSchema, {
    id: provider.id,
    name,
    checkServers,
    kind: { case: KINDS[provider.kind].case, value: JSON.parse(provider.settings) },
    lastError: provider.last_error,
    domains: [...domains],
    createdAt: timestampFromMs(provider.created_at),
  } as MessageInitShape<typeof DnsProviderSchema>);
}

function recordShape(row: Row<'dns_records'>) {
  const leaving = row.wanted === 0 && row.problem === '' ? 'It is being taken away.' : '';
  return {
    name: row.name,
    type: row.type,
    value: row.value,
    state: STATES[row.state],
    problem: row.problem || leaving,
    ...(row.state !== 'present' && { nextTryAt: timestampFromMs(row.next_try_at) }),
  };
}
