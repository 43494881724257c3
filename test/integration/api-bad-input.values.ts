/** Values that are wrong in many fields, and the shapes of requests that are alike. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

/** What is sent to one RPC. */
export interface BadInputs {
  /** A request that is right; `<node>` and the like stand for identifiers of the test's own objects. */
  good: JsonObject;
  /** Wrong values by field. */
  bad: Record<string, JsonValue[]>;
  /** Fields without a wrong value. */
  free?: string[];
}

/** Strings that try to leave their quoting, in a field that is a name of some kind. */
export const HOSTILE = [
  'a"b',
  "a'b",
  'a;b',
  'a{b}',
  'a\nb',
  'a\0b',
  '$host',
  'a b',
  '../a',
  'аpps',
  'ｗeb',
  'a\u202eb',
  'x'.repeat(5_000),
];

export const NAME = ['', ...HOSTILE];
/** Objects that are looked up. */
export const REFERENCE = ['', 'nobody', 'a/b/c', ...HOSTILE];
export const KEY = ['x'.repeat(129), 'a\nb', 'a\0b'];
export const PAGE_SIZE = [-1, 201];
export const PAGE_TOKEN = ['x', '%%', 'W10', 'a\0b', 'x'.repeat(5_000)];
export const MASK = ['', 'id', 'nope', 'createdAt'];
export const ADDRESS = ['10.64.0', '10.64.0.256', '010.64.0.1', '1', '::1', '10.64.0.1/8', ...HOSTILE];
export const DOMAIN = ['', 'lab', 'Apps.lab', 'apps.lab.', '-a.lab', 'a..lab', '1.2.3.4', 'a_b.lab', ...HOSTILE];
export const TEXT = ['a\0b', 'a\u202eb', 'a\rb', 'x'.repeat(1_001)];

/** A list's paging fields, for a list that may be narrowed to a site or container. */
export const listed = (field?: string): BadInputs => ({
  good: {},
  bad: { page_size: PAGE_SIZE, page_token: PAGE_TOKEN, ...(field ? { [field]: REFERENCE.slice(1) } : {}) },
});

/** An RPC whose only field is a reference. */
export const named = (field: string, value: string): BadInputs => ({
  good: { [field]: value },
  bad: { [field]: REFERENCE },
});

export const nothing: BadInputs = { good: {}, bad: {} };
