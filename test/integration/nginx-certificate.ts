import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  type Extension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

type Keys = Awaited<ReturnType<typeof makeKeys>>;

/** A self-signed certificate and its key for these DNS names. */
export async function makeTestCertificate(dnsNames: readonly string[]): Promise<{ chainPem: string; keyPem: string }> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...life(1),
    name: 'CN=test',
    keys,
    extensions: [namesOf(dnsNames)],
  });
  return { chainPem: certificate.toString('pem'), keyPem: await pemOf(keys) };
}

/** A leaf for these DNS names, by an intermediate, by a root; the chain is leaf and intermediate. */
export async function makeTestChain(
  dnsNames: readonly string[],
): Promise<{ chainPem: string; keyPem: string; rootPem: string }> {
  const [rootKeys, middleKeys, leafKeys] = [await makeKeys(), await makeKeys(), await makeKeys()];
  const authority = [new BasicConstraintsExtension(true, undefined, true)];
  const root = await X509CertificateGenerator.createSelfSigned({
    ...life(1),
    name: 'CN=root',
    keys: rootKeys,
    extensions: authority,
  });
  const middle = await signed('intermediate', middleKeys, root, rootKeys, authority);
  const leaf = await signed('leaf', leafKeys, middle, middleKeys, [namesOf(dnsNames)]);
  const chainPem = `${leaf.toString('pem')}\n${middle.toString('pem')}\n`;
  return { chainPem, keyPem: await pemOf(leafKeys), rootPem: root.toString('pem') };
}

function signed(
  name: string,
  keys: Keys,
  issuer: X509Certificate,
  issuerKeys: Keys,
  extensions: Extension[],
): Promise<X509Certificate> {
  return X509CertificateGenerator.create({
    ...life(name.length),
    subject: `CN=${name}`,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: issuerKeys.privateKey,
    extensions,
  });
}

function makeKeys() {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function life(serial: number) {
  return {
    serialNumber: serial.toString(16).padStart(2, '0'),
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: ALGORITHM,
  };
}

function namesOf(dnsNames: readonly string[]): Extension {
  return new SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value })));
}

async function pemOf({ privateKey }: Keys): Promise<string> {
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey)).toString('base64');
  const lines = key.match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
