import { X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { makeDirectory, readIfThere, replaceFile } from './durable-files.ts';

const identitySchema = z.object({
  agentId: z.string().min(1),
  /** Base URL of the control plane it was enrolled with, https. */
  server: z.string().optional(),
  /** Host and port of the session listener. */
  sessionAddress: z.string().min(1),
  /** Name to verify in the session listener's certificate. */
  serverName: z.string(),
  keyPem: z.string().min(1),
  /** Leaf first. */
  chainPem: z.string().min(1),
  /** Authorities to trust. */
  caBundlePem: z.string().min(1),
  /** When the control plane asks for renewal, milliseconds since the Unix epoch; 0 when it did not say. */
  renewAtMs: z.number(),
  /** SHA-256 of the join token it was enrolled with, hex. */
  tokenHash: z.string(),
});

/** Who an agent is: everything it needs for a session. */
export type Identity = z.infer<typeof identitySchema>;

/** An enrolment under way: its key must survive a lost answer. */
export interface PendingEnrolment {
  /** SHA-256 of the join token, hex; the token itself is not kept. */
  tokenHash: string;
  keyPem: string;
}

const pendingSchema = z.object({ tokenHash: z.string(), keyPem: z.string() });

/**
 * An agent's identity on disk: one file, 0600, replaced by a rename, so that key, certificate and authorities always
 * belong together.
 */
export class IdentityStore {
  readonly #directory: string;

  /** @param directory the agent's state directory; made when missing */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The identity, or undefined before enrolment. @throws when the file is damaged */
  async read(): Promise<Identity | undefined> {
    return this.#readAs('identity.json', identitySchema);
  }

  /** Replaces the identity; an enrolment under way is over then. */
  async write(identity: Identity): Promise<void> {
    await this.#replace('identity.json', identity);
    await rm(join(this.#directory, 'enrolment.json'), { force: true });
  }

  /** The enrolment that was begun and not finished. */
  async pending(): Promise<PendingEnrolment | undefined> {
    return this.#readAs('enrolment.json', pendingSchema);
  }

  /** Remembers an enrolment before its request is sent. */
  async begin(pending: PendingEnrolment): Promise<void> {
    await this.#replace('enrolment.json', pending);
  }

  async #readAs<T>(name: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const text = await readIfThere(join(this.#directory, name));
    return text && schema.parse(JSON.parse(text.toString('utf8')));
  }

  async #replace(name: string, content: object): Promise<void> {
    await makeDirectory(this.#directory);
    await replaceFile(join(this.#directory, name), JSON.stringify(content), 0o600);
  }
}

/** Life of a certificate, milliseconds since the Unix epoch. @throws when it is not a PEM certificate */
export function lifeOf(chainPem: string): { notBeforeMs: number; notAfterMs: number } {
  const leaf = new X509Certificate(chainPem);
  return { notBeforeMs: leaf.validFromDate.getTime(), notAfterMs: leaf.validToDate.getTime() };
}
