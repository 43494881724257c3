import { createHash, timingSafeEqual } from 'node:crypto';
import type { Directory } from '../directory/directory.ts';
import type { ContainerRecord } from '../directory/records.ts';
import { ANONYMOUS, type Identity } from '../identity.ts';
import type { Passwords } from '../passwords.ts';
import type { BindRequest } from '../protocol/requests.ts';
import { type Result, ResultCode, SUCCESS } from '../protocol/result-codes.ts';
import { dnKey } from '../schema/dn.ts';

/** What binding needs. */
export interface BindDeps {
  directory: Directory;
  passwords: Passwords;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Hears of a container that bound. */
  onContainerBind: (containerId: string) => void;
}

/** Who binds from where. */
export interface BindPeer {
  address: string;
  /** Whether nobody on the way can listen. */
  secure: boolean;
}

/** How a bind ended; without success the connection is anonymous (RFC 4513, 4). */
export interface BindOutcome {
  result: Result;
  identity: Identity;
}

const WRONG: Result = { code: ResultCode.invalidCredentials };

/** Binds with a name and a password. */
export async function bind(deps: BindDeps, request: BindRequest, peer: BindPeer): Promise<BindOutcome> {
  const refusal = refusalOf(request, peer);
  if (refusal) return { result: refusal, identity: ANONYMOUS };
  const password = request.password as Buffer;
  if (request.name === '') return { result: password.length === 0 ? SUCCESS : WRONG, identity: ANONYMOUS };
  const place = deps.directory.names.place(dnKey(request.name) ?? '');
  if (place?.at !== 'leaf') return { result: WRONG, identity: ANONYMOUS };
  if (place.branch === 'services') return bindContainer(deps, place.rdn, password);
  const username = place.branch === 'people' && place.rdn.startsWith('uid=') ? place.rdn.slice(4) : undefined;
  if (username === undefined) return { result: WRONG, identity: ANONYMOUS };
  return bindPerson(deps, username, password, peer);
}

/** What can be refused without a look at anybody. */
function refusalOf({ version, name, password }: BindRequest, { secure }: BindPeer): Result | undefined {
  if (version !== 3) return { code: ResultCode.protocolError, message: 'this server speaks LDAP version 3' };
  if (!password) return { code: ResultCode.authMethodNotSupported, message: 'only simple binds are supported' };
  if (password.length > 0 && !secure) {
    return {
      code: ResultCode.confidentialityRequired,
      message: 'passwords are taken over TLS only: use StartTLS or LDAPS',
    };
  }
  if (name !== '' && dnKey(name) === undefined) return { code: ResultCode.invalidDNSyntax };
  // Programs that leave out the password would think it was right (RFC 4513, 5.1.2).
  if (name !== '' && password.length === 0) {
    return { code: ResultCode.unwillingToPerform, message: 'a bind with a name needs a password' };
  }
  return undefined;
}

function bindContainer(deps: BindDeps, rdn: string, secret: Buffer): BindOutcome {
  const container = rdn.startsWith('cn=') ? deps.directory.container(rdn.slice(3)) : undefined;
  const secretHash = createHash('sha256').update(secret).digest('hex');
  if (!container || !secretMatches(container, secretHash, deps.now())) return { result: WRONG, identity: ANONYMOUS };
  deps.onContainerBind(container.id);
  return { result: SUCCESS, identity: { kind: 'container', containerId: container.id, secretHash } };
}

function secretMatches(container: ContainerRecord, hash: string, now: number): boolean {
  const { secretHash, formerHash, formerUntil } = container;
  const former = formerHash !== undefined && formerUntil > now && sameHash(formerHash, hash);
  return former || (secretHash !== undefined && sameHash(secretHash, hash));
}

function sameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

async function bindPerson(deps: BindDeps, username: string, password: Buffer, peer: BindPeer): Promise<BindOutcome> {
  const verdict = await deps.passwords.verify({ username, password: password.toString(), address: peer.address });
  if (verdict.kind === 'right') {
    const { userId, passwordChangedAt } = verdict;
    return { result: SUCCESS, identity: { kind: 'person', userId, passwordChangedAt } };
  }
  // No other code: SSSD takes most of them for a broken server and lets people in by its cache.
  const message = verdict.kind === 'slowed' ? 'too many wrong passwords; wait a while' : undefined;
  return { result: message ? { ...WRONG, message } : WRONG, identity: ANONYMOUS };
}
