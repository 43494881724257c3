import { EnrollRequestSchema } from '@berth/proto/agent/v1/enrolment_pb.js';
import { Role } from '@berth/proto/agent/v1/session_pb.js';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { create } from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AgentRole, agentById, revokeAgent } from '../store/agents.ts';
import { createJoinToken } from '../store/join-tokens.ts';
import { siteRevision } from '../store/site-changes.ts';
import type { Store } from '../store/store.ts';
import { type Authority, openAuthority } from './ca.ts';
import { type EnrolRequest, enrol, renew } from './enrolment.ts';
import { enrolmentService } from './enrolment-service.ts';
import { keyAndCsr } from './test-client.ts';
import { addSite, memoryStore } from './test-site.ts';

const HOUR_MS = 3_600_000;

let clock: VirtualClock;
let store: Store;
let authority: Authority;
let siteId: string;
let request: EnrolRequest;

beforeEach(async () => {
  clock = new VirtualClock();
  store = await memoryStore(clock);
  siteId = await addSite(store);
  authority = await openAuthority(store);
  const { csrPem } = await keyAndCsr();
  const machineId = '0123456789abcdef0123456789abcdef';
  request = { token: await newToken(), csrPem, roles: ['nginx'], machineId, hostname: 'edge1', requestId: 'req-1' };
});

afterEach(() => store.close());

async function newToken(roles: AgentRole[] = ['nginx', 'dnsmasq']): Promise<string> {
  const wanted = { siteId, roles, expiresAt: clock.now() + HOUR_MS, createdBy: 'usr-1' };
  return (await store.transaction((tx) => createJoinToken(tx, wanted))).token;
}

const deps = () => ({ store, authority });
const agents = () => store.db.selectFrom('agents').selectAll().execute();

test('exchanges a token for an agent and its certificate, and tells the site', async () => {
  const before = await siteRevision(store.db, siteId);
  const issued = await enrol(deps(), request);
  expect(await agents()).toMatchObject([
    { id: issued.agentId, site_id: siteId, name: 'edge1', roles: '["nginx"]', status: 'active' },
  ]);
  expect(issued.renewAt).toBe(clock.now() + 0.6 * 24 * HOUR_MS);
  expect(issued.bundlePem).toBe(authority.bundlePem);
  expect(await siteRevision(store.db, siteId)).toBe(before + 1);
  expect(await store.db.selectFrom('audit').selectAll().execute()).toMatchObject([
    { action: 'agent.enrol', object_id: issued.agentId, user_id: 'usr-1' },
  ]);
});

test('the same token with the same key gets the same certificate, also when both come at once', async () => {
  const [one, two] = await Promise.all([enrol(deps(), request), enrol(deps(), request)]);
  const three = await enrol(deps(), request);
  expect(two.chainPem).toBe(one.chainPem);
  expect(three).toMatchObject({ agentId: one.agentId, chainPem: one.chainPem });
  expect(await agents()).toHaveLength(1);
});

test('refuses a token that is used with another key, expired, unknown, or whose agent was revoked', async () => {
  const refused = { code: 'permission_denied', reason: 'bad_join_token' };
  const { agentId } = await enrol(deps(), request);
  const { csrPem } = await keyAndCsr();
  await expect(enrol(deps(), { ...request, csrPem })).rejects.toMatchObject(refused);
  await expect(enrol(deps(), { ...request, token: 'bej_unknown' })).rejects.toMatchObject(refused);
  await store.transaction((tx) => revokeAgent(tx, agentId));
  await expect(enrol(deps(), request)).rejects.toMatchObject(refused);
  const late = await newToken();
  await clock.advance(HOUR_MS);
  await expect(enrol(deps(), { ...request, token: late })).rejects.toMatchObject(refused);
  expect(await agents()).toHaveLength(1);
});

test('a token is not spent on a request that does not fit', async () => {
  const wrong: [Partial<EnrolRequest>, string][] = [
    [{ roles: ['proxmox'] }, 'roles'],
    [{ roles: [] }, 'roles'],
    [{ csrPem: 'nonsense' }, 'csr_pem'],
    [{ machineId: '../../etc' }, 'machine_id'],
    [{ hostname: 'a b' }, 'hostname'],
    [{ token: '' }, 'token'],
  ];
  for (const [change, field] of wrong) {
    const violations = [expect.objectContaining({ field })];
    await expect(enrol(deps(), { ...request, ...change }), field).rejects.toMatchObject({ violations });
  }
  expect(await agents()).toEqual([]);
  await enrol(deps(), request);
});

test('the token itself is nowhere in the database', async () => {
  const rows = await store.db.selectFrom('join_tokens').selectAll().execute();
  expect(JSON.stringify(rows)).not.toContain(request.token);
});

test('renewal notes the new certificate, and a revoked agent gets none', async () => {
  const { agentId } = await enrol(deps(), request);
  const before = await agentById(store.db, agentId);
  await clock.advance(14 * HOUR_MS);
  await renew(deps(), agentId, (await keyAndCsr()).csrPem);
  const after = await agentById(store.db, agentId);
  expect(after?.certificate_serial).not.toBe(before?.certificate_serial);
  expect(after?.certificate_expires_at).toBe(clock.now() + 24 * HOUR_MS);
  await store.transaction((tx) => revokeAgent(tx, agentId));
  const refused = { code: 'unauthenticated', reason: 'agent_revoked' };
  await expect(renew(deps(), agentId, (await keyAndCsr()).csrPem)).rejects.toMatchObject(refused);
});

test('the service speaks protobuf and tells where sessions are held', async () => {
  const endpoint = { sessionAddress: 'berth.example:8444', serverName: 'berth.example' };
  const service = enrolmentService({ ...deps(), ...endpoint });
  const { token, csrPem, machineId, hostname } = request;
  const message = create(EnrollRequestSchema, { token, csrPem, machineId, hostname, roles: [Role.NGINX] });
  const answer = await service.enroll(message, {} as HandlerContext);
  expect(answer).toMatchObject({ ...endpoint, caBundlePem: authority.bundlePem });
  const unknown = { ...message, roles: [Role.NGINX, 99 as Role] };
  await expect(service.enroll(unknown, {} as HandlerContext)).rejects.toMatchObject({ code: 'invalid_argument' });
});
