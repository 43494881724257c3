import type { Row } from '../../store/schema.ts';

/** How long a domain may wait to be proven, in milliseconds; then it is forgotten. */
export const PROOF_MS = 7 * 24 * 3_600_000;

/** Where and what must be found to prove that a domain is its owner's: in either place. */
export interface Proof {
  txtName: string;
  txtValue: string;
  httpUrl: string;
}

/** The proof that a domain waits for. */
export function proofOf({ name, proof_token }: Pick<Row<'domains'>, 'name' | 'proof_token'>): Proof {
  return {
    txtName: `_berth.${name}`,
    txtValue: proof_token,
    httpUrl: `http://${name}/.well-known/berth-verification`,
  };
}
