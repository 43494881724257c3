import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A self-signed certificate for addresses and names, as PEM files `<base>.crt` and `<base>.key`. */
export async function selfSigned(
  base: string,
  names: readonly string[],
): Promise<{ certFile: string; keyFile: string; pem: string }> {
  const files = { certFile: `${base}.crt`, keyFile: `${base}.key` };
  const san = names.map((name) => (/^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',');
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'],
    ...['-subj', '/CN=pve lab', '-addext', `subjectAltName=${san}`, '-keyout', files.keyFile, '-out', files.certFile],
  ]);
  return { ...files, pem: await readFile(files.certFile, 'utf8') };
}
