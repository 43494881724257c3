import {
  type DomainsService,
  type WatchDomainRequest,
  type WatchDomainResponse,
  WatchDomainResponseSchema,
} from '@berth/proto/api/v1/domains_pb.js';
import { create, toBinary } from '@bufbuild/protobuf';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { certificatesByNeed, listCertificates, viewById } from '../app/certificates/read-certificates.ts';
import { renewCertificate, revokeCertificateVerb } from '../app/certificates/renew-and-revoke.ts';
import { uploadCertificate } from '../app/certificates/upload-certificate.ts';
import { createDomain } from '../app/domains/create-domain.ts';
import { deleteDomainVerb } from '../app/domains/delete-domain.ts';
import { findDomain } from '../app/domains/find-domain.ts';
import { grantDomain, withdrawDomain } from '../app/domains/grants.ts';
import { domainView, getDomain, listDomains } from '../app/domains/read-domains.ts';
import { updateDomainVerb } from '../app/domains/update-domain.ts';
import { verifyDomain } from '../app/domains/verify-domain.ts';
import { domainById } from '../store/domains.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { certificateShape, domainShape } from './domain-shape.ts';
import { watch } from './watch.ts';

/** External domains and their certificates. */
export function domainHandlers(deps: ApiDeps): ServiceImpl<typeof DomainsService> {
  return { ...domains(deps), ...certificates(deps), watchDomain: (...call) => watchDomain(deps, ...call) };
}

type Handlers = ServiceImpl<typeof DomainsService>;

function domains({ app }: ApiDeps) {
  const { store, clock } = app;
  /** The domain after a write. It is looked up by itself: whoever gave it away may not use it any more. */
  const answer = async (id: string, context: HandlerContext) => {
    const row = await domainById(store.db, id);
    if (!row) return { domain: { id } };
    return { domain: domainShape(await domainView(store.db, callerOf(context), row), clock.now()) };
  };
  return {
    createDomain: async (request, context) => answer(await createDomain(app, callerOf(context), request), context),
    getDomain: async (request, context) => ({
      domain: domainShape(await getDomain(app, callerOf(context), request), clock.now()),
    }),
    async listDomains(request, context) {
      const { rows, nextPageToken } = await listDomains(app, callerOf(context), request);
      return { domains: rows.map((row) => domainShape(row, clock.now())), nextPageToken };
    },
    updateDomain: async (request, context) => answer(await updateDomainVerb(app, callerOf(context), request), context),
    async deleteDomain(request, context) {
      await deleteDomainVerb(app, callerOf(context), request);
      return {};
    },
    verifyDomain: async (request, context) => answer(await verifyDomain(app, callerOf(context), request), context),
    grantDomain: async (request, context) => answer(await grantDomain(app, callerOf(context), request), context),
    withdrawDomain: async (request, context) => answer(await withdrawDomain(app, callerOf(context), request), context),
  } satisfies Partial<Handlers>;
}

function certificates({ app }: ApiDeps) {
  const { store, clock } = app;
  return {
    async listCertificates(request, context) {
      const { rows, nextPageToken } = await listCertificates(app, callerOf(context), request);
      return { certificates: rows.map((row) => certificateShape(row, clock.now())), nextPageToken };
    },
    renewCertificate: async (request, context) => ({
      certificate: certificateShape(await renewCertificate(app, callerOf(context), request), clock.now()),
    }),
    revokeCertificate: async (request, context) => ({
      certificate: certificateShape(await revokeCertificateVerb(app, callerOf(context), request), clock.now()),
    }),
    async uploadCertificate(request, context) {
      const id = await uploadCertificate(app, callerOf(context), request);
      const view = await viewById(store.db, id);
      return { certificate: view ? certificateShape(view, clock.now()) : { id } };
    },
  } satisfies Partial<Handlers>;
}

async function* watchDomain(
  deps: ApiDeps,
  { domain: reference }: WatchDomainRequest,
  context: HandlerContext,
): AsyncIterable<WatchDomainResponse> {
  const { store, clock } = deps.app;
  const rpc = 'DomainsService.WatchDomain';
  const { id } = await findDomain(store.db, callerOf(context), reference, 'domain', rpc);
  let last = '';
  yield* watch(
    deps,
    context,
    (topic) => topic.kind === 'domain' && topic.id === id,
    async (caller) => {
      const row = await findDomain(store.db, caller, id, 'domain', rpc);
      const certificates = await certificatesByNeed(store.db, row);
      const response = create(WatchDomainResponseSchema, {
        domain: domainShape(await domainView(store.db, caller, row), clock.now()),
        certificates: certificates.map((view) => certificateShape(view, clock.now())),
      });
      const bytes = Buffer.from(toBinary(WatchDomainResponseSchema, response)).toString('base64');
      const news = bytes === last ? [] : [response];
      last = bytes;
      return { news, done: false };
    },
  );
}
