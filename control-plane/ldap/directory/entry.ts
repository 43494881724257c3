import type { AttributeName, AttributeType } from '../schema/attributes.ts';
import { attributeTypes } from '../schema/attributes.ts';
import type { Selection } from '../schema/selection.ts';
import { spend } from './effort.ts';
import { type EntryAttribute, encodeEntry } from './encode-entry.ts';

type Values<S> = (subject: S) => readonly string[];
type Test<S> = (subject: S, key: string | number) => boolean;

/** How entries of one kind get the values of their attributes from what they are about. */
export class Shape<S> {
  readonly types: readonly AttributeType[];
  readonly #values: readonly Values<S>[];
  readonly #tests: ReadonlyMap<AttributeType, Test<S>>;
  readonly #slots = new Map<AttributeType, number>();
  readonly #chosen = new WeakMap<Selection, readonly number[]>();

  /** @param tests quicker ways to know whether an attribute has a value, for those with thousands of them */
  constructor(
    attributes: Partial<Record<AttributeName, Values<S>>>,
    tests: Partial<Record<AttributeName, Test<S>>> = {},
  ) {
    const pairs = Object.entries(attributes) as [AttributeName, Values<S>][];
    const testPairs = Object.entries(tests) as [AttributeName, Test<S>][];
    this.#tests = new Map(testPairs.map(([name, test]) => [attributeTypes[name], test]));
    this.types = pairs.map(([name]) => attributeTypes[name]);
    this.#values = pairs.map(([, values]) => values);
    this.types.forEach((type, slot) => {
      this.#slots.set(type, slot);
    });
  }

  /** Values of an attribute, none for those that the kind has not. */
  values(subject: S, type: AttributeType): readonly string[] {
    const slot = this.#slots.get(type);
    return slot === undefined ? [] : this.slotValues(subject, slot);
  }

  /** Whether an attribute has a value, given by its key. */
  has(subject: S, type: AttributeType, key: string | number): boolean {
    const test = this.#tests.get(type);
    if (test) return test(subject, key);
    const values = this.values(subject, type);
    spend(values.length);
    for (const value of values) if (type.syntax.key(value) === key) return true;
    return false;
  }

  /** Values of the attribute in a slot: an index into `types`. */
  slotValues(subject: S, slot: number): readonly string[] {
    return this.#values[slot]?.(subject) ?? [];
  }

  /** The slots that a selection wants. */
  chosen(selection: Selection): readonly number[] {
    const known = this.#chosen.get(selection);
    if (known) return known;
    const slots = [...this.types.keys()].filter((slot) => selection.has(this.types[slot] as AttributeType));
    this.#chosen.set(selection, slots);
    return slots;
  }
}

/** An entry of the directory, whatever it is about. */
export interface Entry {
  readonly dn: string;
  /** Values of an attribute. */
  values(type: AttributeType): readonly string[];
  /** Whether an attribute has a value, given by its key. */
  has(type: AttributeType, key: string | number): boolean;
  /** The entry as an answer to a search: the whole SearchResultEntry without the message around it. */
  encoded(selection: Selection, typesOnly: boolean): Buffer;
}

/** Answers kept an entry: the programs on a guest ask with two or three different lists of attributes. */
const ANSWERS_KEPT = 3;

/** An entry over a subject that does not change: when it does, there is a new entry. Answers are kept as bytes. */
export class ShapedEntry<S> implements Entry {
  readonly dn: string;
  readonly #shape: Shape<S>;
  readonly #subject: S;
  #answers: { selection: Selection; bytes: Buffer }[] = [];

  constructor(dn: string, shape: Shape<S>, subject: S) {
    this.dn = dn;
    this.#shape = shape;
    this.#subject = subject;
  }

  values(type: AttributeType): readonly string[] {
    return this.#shape.values(this.#subject, type);
  }

  has(type: AttributeType, key: string | number): boolean {
    return this.#shape.has(this.#subject, type, key);
  }

  encoded(selection: Selection, typesOnly: boolean): Buffer {
    if (typesOnly) return this.#encode(selection, true);
    for (const answer of this.#answers) if (answer.selection === selection) return answer.bytes;
    const bytes = this.#encode(selection, false);
    this.#answers = [{ selection, bytes }, ...this.#answers.slice(0, ANSWERS_KEPT - 1)];
    return bytes;
  }

  #encode(selection: Selection, typesOnly: boolean): Buffer {
    const attributes: EntryAttribute[] = [];
    for (const slot of this.#shape.chosen(selection)) {
      const values = this.#shape.slotValues(this.#subject, slot);
      const type = this.#shape.types[slot] as AttributeType;
      if (values.length > 0) attributes.push({ type, values: typesOnly ? [] : values });
    }
    return encodeEntry(this.dn, attributes);
  }
}

/** An entry whose values are given as they are. */
export function fixedEntry(dn: string, values: Partial<Record<AttributeName, readonly string[]>>): Entry {
  const getters = Object.fromEntries(Object.entries(values).map(([name, each]) => [name, () => each]));
  return new ShapedEntry(dn, new Shape<undefined>(getters), undefined);
}
