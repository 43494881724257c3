import { BerReader, OCTET_STRING } from '../ber/reader.ts';
import { type AttributeType, attributeType } from './attributes.ts';

/** Which attributes of entries a search wants (RFC 4511, 4.5.1.8). */
export class Selection {
  readonly #user: boolean;
  readonly #operational: boolean;
  readonly #types: ReadonlySet<AttributeType>;

  /** @param names as the client wrote them; none means all that are not operational */
  constructor(names: readonly string[]) {
    this.#user = names.length === 0 || names.includes('*');
    this.#operational = names.includes('+');
    this.#types = new Set(names.map(attributeType).filter((type) => type !== undefined));
  }

  /** Whether an attribute is wanted. */
  has(type: AttributeType): boolean {
    return (type.operational ? this.#operational : this.#user) || this.#types.has(type);
  }
}

const known = new Map<string, Selection>();
const MOST_KNOWN = 500;
const LONGEST_KNOWN = 4_096;

/**
 * The selection of a list as it came over the wire, one character a byte. Programs send the same few lists all the
 * time, so equal lists give the same object, by which answers can be kept.
 */
export function selectionOf(list: string): Selection {
  const found = known.get(list);
  if (found) return found;
  const selection = new Selection(names(list));
  if (known.size >= MOST_KNOWN) known.clear();
  if (list.length <= LONGEST_KNOWN) known.set(list, selection);
  return selection;
}

function names(list: string): string[] {
  const bytes = Buffer.from(list, 'latin1');
  const reader = new BerReader(bytes, 0, bytes.length);
  const found: string[] = [];
  while (reader.pos < bytes.length) found.push(reader.latin1(OCTET_STRING, bytes.length));
  return found;
}
