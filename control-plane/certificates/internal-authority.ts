/**
 * The authority of the installation for domains of closed networks: one P-256 root a database, made at its first use
 * and kept in the settings with its key sealed. It is another than the one of the agents, so that whoever trusts it for
 * web pages trusts nothing else by it, and an agent's certificate is worth nothing to a browser. It bears no
 * constraint on names: domains come and go while the root stays in the trust of every client, and a root that is
 * constrained to today's would have to be replaced there with each new one. Its certificate is public and to be had at
 * `GET /internal-authority.pem`.
 */
import { webcrypto } from 'node:crypto';
import { keyPairOf, newCertificateKey } from '../acme/key-and-csr.ts';
import * as x509 from '../fleet/x509.ts';
import { readSetting } from '../store/settings.ts';
import type { Store } from '../store/store.ts';
import { UniqueViolation } from '../store/violations.ts';
import { newSerial, rootCertificate } from './root-certificate.ts';

const SETTING = 'certificates.internal-authority';
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
const LIFE_MS = 90 * DAY_MS;
/** For clocks that lag. */
const BACKDATE_MS = 3_600_000;

interface Root {
  pem: string;
  keyPem: string;
}

/** The certificate to trust, PEM; undefined before it has signed anything. */
export async function internalAuthorityPem(store: Pick<Store, 'db' | 'secrets'>): Promise<string | undefined> {
  return (await stored(store))?.pem;
}

/** Issues a certificate for 90 days, with a new key. @returns PEM chain, leaf first, without the root, and the key */
export async function issueInternally(
  store: Store,
  dnsNames: readonly string[],
): Promise<{ chainPem: string; keyPem: string }> {
  const root = await openRoot(store);
  const authority = new x509.X509Certificate(root.pem);
  const { privateKey: signingKey } = await keyPairOf(root.keyPem);
  const keyPem = await newCertificateKey();
  const { publicKey } = await keyPairOf(keyPem);
  const now = store.clock.now();
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: newSerial(),
      // What is valid stands in the alternative names; a subject serves people who look.
      subject: [{ CN: [(dnsNames[0] ?? '').slice(0, 64)] }],
      issuer: authority.subject,
      notBefore: new Date(now - BACKDATE_MS),
      notAfter: new Date(Math.min(now + LIFE_MS, authority.notAfter.getTime())),
      publicKey,
      signingKey,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value }))),
        await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
      ],
    },
    webcrypto,
  );
  return { chainPem: `${certificate.toString('pem')}\n`, keyPem };
}

async function openRoot(store: Store): Promise<Root> {
  return (await stored(store)) ?? (await make(store));
}

async function stored({ db, secrets }: Pick<Store, 'db' | 'secrets'>): Promise<Root | undefined> {
  const row = await readSetting(db, SETTING);
  return row?.secret_box ? { pem: row.value, keyPem: secrets.open(row.secret_box, SETTING) } : undefined;
}

/** Replicas that make it at once agree on one. */
async function make(store: Store): Promise<Root> {
  const keyPem = await newCertificateKey();
  const root = await rootCertificate('Berth internal authority', await keyPairOf(keyPem), store.clock.now());
  const pem = `${root.toString('pem')}
`;
  const secret_box = store.secrets.seal(keyPem, SETTING);
  try {
    await store.transaction(async (tx) => {
      await tx.db
        .insertInto('settings')
        .values({ name: SETTING, value: pem, secret_box, updated_at: tx.now })
        .execute();
    });
    return { pem, keyPem };
  } catch (error) {
    const other = error instanceof UniqueViolation ? await stored(store) : undefined;
    if (!other) throw error;
    return other;
  }
}
