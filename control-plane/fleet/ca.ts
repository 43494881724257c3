/**
 * The built-in certificate authority: one P-256 root a database, made once and kept in the settings with its key
 * sealed. It signs the control plane's own server certificates and the agents' client certificates, and nothing else.
 * Chains carry the root itself, so that a host which only knows its SHA-256 can find it in the first handshake.
 */
import { createHash, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { newSerial, rootCertificate } from '../certificates/root-certificate.ts';
import { AppError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { UniqueViolation } from '../store/violations.ts';
import * as x509 from './x509.ts';

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };
const SETTING = 'fleet.authority';
const DAY_MS = 86_400_000;
const CLIENT_LIFE_MS = DAY_MS;
// Hosts' clocks differ: what is signed now is already valid for one that runs behind.
const BACKDATE_MS = 10 * 60_000;
const CSR_BYTES = 16_384;

/** A certificate with its chain, as a server needs it. */
export interface ServerIdentity {
  /** PEM, leaf first, the root last. */
  chainPem: string;
  /** PEM, PKCS #8. */
  keyPem: string;
  /** Milliseconds since the epoch. */
  notAfter: number;
}

/** A certificate for an agent. */
export interface ClientCertificate {
  /** PEM, leaf first, the root last. */
  chainPem: string;
  /** Hex. */
  serial: string;
  /** Milliseconds since the epoch. */
  notAfter: number;
}

/** A certificate request whose signature was found good. */
export interface CheckedCsr {
  readonly publicKey: x509.PublicKey;
  /** SHA-256 of the public key in SPKI form, hex. */
  readonly keyHash: string;
}

/** The authority, ready to sign. */
export interface Authority {
  /** PEM of the root: the bundle to trust. */
  readonly bundlePem: string;
  /** SHA-256 of the root's DER form, lower-case hex. */
  fingerprint(): string;
  /** Issues a certificate for the control plane's listeners with a new key. @param names DNS names and IP literals */
  issueServer(names: readonly string[], lifeMs: number): Promise<ServerIdentity>;
  /** Issues an agent's certificate, valid for 24 hours. */
  issueClient(csr: CheckedCsr, agentId: string): Promise<ClientCertificate>;
}

/** Opens the authority of a store, made at the first call; replicas that start at once agree on one. */
export async function openAuthority(store: Store): Promise<Authority> {
  const stored = (await read(store)) ?? (await make(store));
  const key = await importKey(store.secrets.open(stored.secret, SETTING));
  return authority(store, new x509.X509Certificate(stored.pem), key);
}

/**
 * Reads a PEM PKCS #10 request and checks that its sender has the key.
 * @throws AppError invalid_argument/`bad_csr` when it is not one, is signed wrongly or its key is not on P-256
 */
export async function checkCsr(pem: string): Promise<CheckedCsr> {
  const csr = parseCsr(pem);
  const algorithm = csr.publicKey.algorithm;
  if (algorithm.name !== 'ECDSA' || !('namedCurve' in algorithm) || algorithm.namedCurve !== 'P-256') {
    throw badCsr('the key must be an ECDSA key on P-256');
  }
  const genuine = await csr.verify().catch(() => false);
  if (!genuine) throw badCsr('its signature does not match its key');
  return { publicKey: csr.publicKey, keyHash: sha256(csr.publicKey.rawData) };
}

function parseCsr(pem: string): x509.Pkcs10CertificateRequest {
  if (pem.length > CSR_BYTES) throw badCsr('it is too long');
  try {
    return new x509.Pkcs10CertificateRequest(pem);
  } catch (cause) {
    throw badCsr('it is not a PEM PKCS #10 certificate request', cause);
  }
}

function badCsr(why: string, cause?: unknown): AppError {
  const violations = [{ field: 'csr_pem', description: why }];
  return new AppError('invalid_argument', { reason: 'bad_csr', message: `csr_pem: ${why}`, violations, cause });
}

/** The root with its key and the time it signs at. */
interface Signer {
  root: x509.X509Certificate;
  key: webcrypto.CryptoKey;
  now: number;
}

/** What is to be signed. */
interface Leaf {
  publicKey: x509.PublicKeyType;
  subject: string;
  lifeMs: number;
  extensions: x509.Extension[];
}

function authority(store: Store, root: x509.X509Certificate, key: webcrypto.CryptoKey): Authority {
  const sign = (leaf: Leaf) => issue({ root, key, now: store.clock.now() }, leaf);
  return {
    bundlePem: `${root.toString('pem')}\n`,
    fingerprint: () => sha256(root.rawData),
    async issueServer(names, lifeMs) {
      const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
      const extensions = [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names.map(asGeneralName)),
      ];
      const leaf = { publicKey: keys.publicKey, subject: 'CN=Berth control plane', lifeMs, extensions };
      const { chainPem, notAfter } = await sign(leaf);
      return { chainPem, keyPem: await exportKey(keys.privateKey), notAfter };
    },
    issueClient({ publicKey }, agentId) {
      const extensions = [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `urn:berth:agent:${agentId}` }]),
      ];
      return sign({ publicKey, subject: `CN=${agentId}`, lifeMs: CLIENT_LIFE_MS, extensions });
    },
  };
}

async function issue({ root, key, now }: Signer, leaf: Leaf): Promise<ClientCertificate> {
  const serial = newSerial();
  // A certificate's times are whole seconds, and it ends with its issuer at the latest.
  const notAfter = Math.min(Math.floor((now + leaf.lifeMs) / 1000) * 1000, root.notAfter.getTime());
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject: leaf.subject,
    issuer: root.subject,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(notAfter),
    publicKey: leaf.publicKey,
    signingKey: key,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
      ...leaf.extensions,
    ],
  });
  return { chainPem: `${certificate.toString('pem')}\n${root.toString('pem')}\n`, serial, notAfter };
}

async function read(store: Store): Promise<{ pem: string; secret: Uint8Array } | undefined> {
  const row = await store.db.selectFrom('settings').selectAll().where('name', '=', SETTING).executeTakeFirst();
  return row?.secret_box ? { pem: row.value, secret: row.secret_box } : undefined;
}

async function make(store: Store): Promise<{ pem: string; secret: Uint8Array }> {
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const pem = (await rootCertificate('Berth authority', keys, store.clock.now())).toString('pem');
  const secret = store.secrets.seal(await exportKey(keys.privateKey), SETTING);
  try {
    await store.transaction(async (tx) => {
      await tx.db
        .insertInto('settings')
        .values({ name: SETTING, value: pem, secret_box: secret, updated_at: tx.now })
        .execute();
    });
    return { pem, secret };
  } catch (error) {
    const other = error instanceof UniqueViolation ? await read(store) : undefined;
    if (!other) throw error;
    return other;
  }
}

function asGeneralName(name: string): { type: 'ip' | 'dns'; value: string } {
  return { type: isIP(name) ? 'ip' : 'dns', value: name };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(pem);
  if (!der) throw new Error('the key of the authority is not a PEM block');
  return webcrypto.subtle.importKey('pkcs8', der, KEY_ALGORITHM, false, ['sign']);
}

function sha256(bytes: ArrayBuffer): string {
  return createHash('sha256').update(new Uint8Array(bytes)).digest('hex');
}
