import type { DnsDeps } from './dns-provider.ts';
import { fetchProof } from './fetch-proof.ts';
import { LookUp } from './look-up.ts';
import { within } from './within.ts';

/** Milliseconds for either way. */
const PATIENCE_MS = 10_000;

/** A domain and what shows that it is somebody's. */
export interface ProofOfDomain {
  /** In lower case, without a dot at the end. */
  name: string;
  /** What the record or the file must say. */
  token: string;
}

/** Whether it was shown, and how; else why not, without a word of what others answered. */
export interface DomainVerdict {
  proven: boolean;
  by: 'txt' | 'http' | null;
  /** Empty when it is proven. */
  reason: string;
}

/**
 * Looks whether a domain shows the token: in a TXT record at `_berth.NAME`, or else in what
 * `http://NAME/.well-known/berth-verification` says. Never fails for what others do or do not answer.
 * @throws the signal's reason
 */
export async function proveDomain(
  deps: DnsDeps,
  { name, token }: ProofOfDomain,
  signal: AbortSignal,
): Promise<DomainVerdict> {
  const record = `_berth.${name}`;
  const byTxt = await attempt(deps, signal, async (bounded) => {
    const texts = await new LookUp(deps.dns.resolvers, bounded).txt(record);
    if (texts.length === 0) return 'there is none';
    return texts.includes(token) ? undefined : 'it says something else';
  });
  if (byTxt === undefined) return { proven: true, by: 'txt', reason: '' };
  const byHttp = await attempt(deps, signal, async (bounded) =>
    (await fetchProof(deps, name, bounded)) === token ? undefined : 'it says something else',
  );
  if (byHttp === undefined) return { proven: true, by: 'http', reason: '' };
  const reason = `TXT record ${record}: ${byTxt}. http://${name}/.well-known/berth-verification: ${byHttp}.`;
  return { proven: false, by: null, reason };
}

/** @returns why it is not shown, in a few words; undefined when it is */
async function attempt(
  { clock }: DnsDeps,
  signal: AbortSignal,
  look: (signal: AbortSignal) => Promise<string | undefined>,
): Promise<string | undefined> {
  try {
    return await within({ clock, ms: PATIENCE_MS, who: 'It' }, signal, look);
  } catch (error) {
    signal.throwIfAborted();
    return wordsOf(error);
  }
}

const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused',
  ETIMEOUT: 'the name servers do not answer',
  ESERVFAIL: 'the name servers report a failure',
  EREFUSED: 'the name servers refuse to answer',
};

function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'deadline_exceeded') return 'it did not answer in time';
  if (code === undefined) return message;
  return CODES[code] ?? 'it cannot be reached';
}
