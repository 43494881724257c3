import { BerReader, ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE, SET } from '../ber/reader.ts';

/** An answer, taken apart. */
export interface Answer {
  id: number;
  /** Tag of the operation, e.g. 0x65 for the end of a search. */
  tag: number;
  /** Result code, of those that have one. */
  code: number | undefined;
  message: string;
  /** Of an entry. */
  dn: string;
  attributes: Record<string, string[]>;
  /** Tags and contents of what follows a result: name and value of an extended answer. */
  rest: Buffer[];
  controls: Buffer | undefined;
}

const ENTRY = 0x64;

/** Reads all whole answers in some bytes. @throws MalformedBer when they are no answers */
export function readAnswers(bytes: Buffer): Answer[] {
  const reader = new BerReader(bytes, 0, bytes.length);
  const answers: Answer[] = [];
  while (reader.pos < bytes.length) answers.push(readAnswer(reader));
  return answers;
}

function readAnswer(reader: BerReader): Answer {
  const end = reader.expect(SEQUENCE, reader.bytes.length);
  const id = reader.integer(INTEGER, end);
  const tag = reader.open(end);
  const operationEnd = reader.end;
  const answer: Answer = {
    id,
    tag,
    code: undefined,
    message: '',
    dn: '',
    attributes: {},
    rest: [],
    controls: undefined,
  };
  if (tag === ENTRY) readEntry(reader, operationEnd, answer);
  else readResult(reader, operationEnd, answer);
  if (reader.pos < end) answer.controls = reader.octets(0xa0, end);
  reader.close(end);
  return answer;
}

function readResult(reader: BerReader, end: number, answer: Answer): void {
  answer.code = reader.integer(ENUMERATED, end);
  answer.dn = reader.text(OCTET_STRING, end);
  answer.message = reader.text(OCTET_STRING, end);
  while (reader.pos < end) answer.rest.push(reader.octets(reader.peek(end), end));
}

function readEntry(reader: BerReader, end: number, answer: Answer): void {
  answer.dn = reader.text(OCTET_STRING, end);
  const list = reader.expect(SEQUENCE, end);
  while (reader.pos < list) {
    const attribute = reader.expect(SEQUENCE, list);
    const name = reader.text(OCTET_STRING, attribute);
    const set = reader.expect(SET, attribute);
    const values: string[] = [];
    while (reader.pos < set) values.push(reader.text(OCTET_STRING, set));
    answer.attributes[name] = values;
  }
}
