/**
 * How a host becomes an agent, and how an agent comes to its next certificate. The join token is consumed in the
 * transaction that makes the agent's row; what it was exchanged for stays with it, so that a host whose answer got
 * lost asks again with the same key and gets the same certificate.
 */
import { timingSafeEqual } from 'node:crypto';
import { AppError, type FieldViolation, invalid } from '../errors.ts';
import { newId } from '../ids.ts';
import { type AgentRole, agentById, insertAgent, setAgentCertificate } from '../store/agents.ts';
import { audit } from '../store/audit.ts';
import { consumeJoinToken, joinTokenBySecret } from '../store/join-tokens.ts';
import type { Row } from '../store/schema.ts';
import { bumpSite } from '../store/site-changes.ts';
import type { Store } from '../store/store.ts';
import { type Authority, type CheckedCsr, type ClientCertificate, checkCsr } from './ca.ts';

/** What a host shows. */
export interface EnrolRequest {
  token: string;
  csrPem: string;
  roles: readonly AgentRole[];
  machineId: string;
  hostname: string;
  requestId: string;
}

/** A certificate and when to ask for the next. */
export interface Issued {
  agentId: string;
  chainPem: string;
  bundlePem: string;
  /** Milliseconds since the epoch. */
  renewAt: number;
}

/** What enrolment works with. */
export interface EnrolmentDeps {
  store: Store;
  authority: Authority;
}

/**
 * Exchanges a join token for an agent's row and certificate.
 * @throws AppError `bad_join_token` when the token is unknown, expired, or was used with another key;
 *   `bad_csr`, `role_not_allowed` or `invalid_field` when the request does not fit
 */
export async function enrol(deps: EnrolmentDeps, request: EnrolRequest): Promise<Issued> {
  check(request);
  const csr = await checkCsr(request.csrPem);
  const token = await usableToken(deps.store, request, csr);
  if (token.consumed_at !== null) return repeat(deps, token, csr);
  const agentId = newId('agt', deps.store.clock.now());
  const certificate = await deps.authority.issueClient(csr, agentId);
  const first = await consume(deps.store, request, token, csr, agentId, certificate);
  if (first) return issued(deps, agentId, certificate.chainPem, certificate.notAfter);
  return repeat(deps, await usableToken(deps.store, request, csr), csr);
}

/**
 * Issues an agent's next certificate for a new key.
 * @throws AppError unauthenticated/`agent_revoked` when it is unknown or revoked, `bad_csr`
 */
export async function renew(deps: EnrolmentDeps, agentId: string, csrPem: string): Promise<Issued> {
  const csr = await checkCsr(csrPem);
  const certificate = await deps.authority.issueClient(csr, agentId);
  const { serial, notAfter } = certificate;
  const known = await deps.store.transaction((tx) => setAgentCertificate(tx, agentId, { serial, expiresAt: notAfter }));
  if (!known) {
    throw new AppError('unauthenticated', { reason: 'agent_revoked', message: 'This agent has been revoked.' });
  }
  return issued(deps, agentId, certificate.chainPem, notAfter);
}

async function usableToken(store: Store, request: EnrolRequest, csr: CheckedCsr): Promise<Row<'join_tokens'>> {
  const token = await joinTokenBySecret(store.db, request.token);
  if (!token) throw badToken('This join token is not known.');
  if (token.expires_at <= store.clock.now()) throw badToken('This join token has expired; make a new one.');
  if (token.key_hash !== null && !equal(token.key_hash, csr.keyHash)) {
    throw badToken('This join token has been used already; make a new one.');
  }
  const allowed: string[] = JSON.parse(token.roles);
  const denied = request.roles.find((role) => !allowed.includes(role));
  if (denied) {
    const description = `the join token does not allow the role ${denied}; it allows ${allowed.join(', ')}`;
    throw invalid([{ field: 'roles', description }], 'role_not_allowed');
  }
  return token;
}

function consume(
  store: Store,
  request: EnrolRequest,
  token: Row<'join_tokens'>,
  csr: CheckedCsr,
  agentId: string,
  certificate: ClientCertificate,
): Promise<boolean> {
  return store.transaction(async (tx) => {
    const exchange = { keyHash: csr.keyHash, agentId, chainPem: certificate.chainPem };
    if (!(await consumeJoinToken(tx, token.id, exchange))) return false;
    const { roles, machineId, hostname } = request;
    const agent = { siteId: token.site_id, name: hostname, roles: [...new Set(roles)], machineId };
    await insertAgent(tx, agent, { serial: certificate.serial, expiresAt: certificate.notAfter }, agentId);
    // Which agent is in charge of a node may hang on who there is.
    await bumpSite(tx, token.site_id, null);
    await audit(tx, {
      userId: token.created_by,
      action: 'agent.enrol',
      siteId: token.site_id,
      objectKind: 'agent',
      objectId: agentId,
      change: { name: hostname, roles: agent.roles, machineId, joinToken: token.id },
      requestId: request.requestId,
    });
    return true;
  });
}

async function repeat(deps: EnrolmentDeps, token: Row<'join_tokens'>, csr: CheckedCsr): Promise<Issued> {
  const agent = token.agent_id ? await agentById(deps.store.db, token.agent_id) : undefined;
  if (!agent || !token.chain_pem || token.key_hash !== csr.keyHash || agent.status !== 'active') {
    throw badToken('This join token has been used already; make a new one.');
  }
  return issued(deps, agent.id, token.chain_pem, agent.certificate_expires_at);
}

function issued({ store, authority }: EnrolmentDeps, agentId: string, chainPem: string, notAfter: number): Issued {
  const now = store.clock.now();
  return { agentId, chainPem, bundlePem: authority.bundlePem, renewAt: Math.round(now + (notAfter - now) * 0.6) };
}

function check(request: EnrolRequest): void {
  const violations: FieldViolation[] = [];
  if (!request.token) violations.push({ field: 'token', description: 'is missing' });
  if (request.roles.length === 0) violations.push({ field: 'roles', description: 'must name at least one role' });
  if (!/^[0-9A-Za-z-]{1,64}$/.test(request.machineId)) {
    violations.push({ field: 'machine_id', description: 'must be the content of /etc/machine-id' });
  }
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(request.hostname)) {
    violations.push({ field: 'hostname', description: 'must be a host name of at most 253 characters' });
  }
  if (violations.length > 0) throw invalid(violations);
}

function badToken(message: string): AppError {
  return new AppError('permission_denied', {
    reason: 'bad_join_token',
    message,
    violations: [{ field: 'token', description: message }],
  });
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
