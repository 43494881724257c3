/**
 * Messages of the DNS as far as dynamic updates need them (RFC 1035, 4; RFC 2136, 2). There is no library with TSIG and
 * updates that is kept, and one without TSIG would have to be undone to sign what it wrote.
 */
import { CLASS, OPCODE, TYPE } from './constants.ts';
import { decodeName, encodeName, MalformedMessage } from './name.ts';

/** What is asked about; in an update, the zone. */
export interface Question {
  name: string;
  type: number;
  class: number;
}

/** A record with its data as on the wire, names in it written out. */
export interface WireRecord {
  name: string;
  type: number;
  class: number;
  /** Seconds. */
  ttl: number;
  data: Buffer;
}

/** A message; in an update `answers` are the prerequisites and `authorities` the changes. */
export interface Message {
  id: number;
  response: boolean;
  opcode: number;
  rcode: number;
  questions: Question[];
  answers: WireRecord[];
  authorities: WireRecord[];
  additionals: WireRecord[];
}

/** A message that was read. */
export interface ReadMessage extends Message {
  /** Where the last of the additional records begins, as a TSIG has to be cut off; -1 where there is none. */
  lastAdditionalAt: number;
}

const HEADER = 12;
const RESPONSE_BIT = 0x8000;

/** Asks for records of a name, without recursion. */
export function queryMessage(id: number, name: string, type: number): Message {
  const question = { name, type, class: CLASS.IN };
  return { ...empty(id, OPCODE.QUERY), questions: [question] };
}

/** A dynamic update of a zone (RFC 2136, 2). */
export function updateMessage(id: number, zone: string, prerequisites: WireRecord[], changes: WireRecord[]): Message {
  const questions = [{ name: zone, type: TYPE.SOA, class: CLASS.IN }];
  return { ...empty(id, OPCODE.UPDATE), questions, answers: prerequisites, authorities: changes };
}

function empty(id: number, opcode: number): Message {
  return { id, response: false, opcode, rcode: 0, questions: [], answers: [], authorities: [], additionals: [] };
}

/** @throws RangeError on names that cannot be written */
export function encodeMessage(message: Message): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(message.id, 0);
  header.writeUInt16BE((message.response ? RESPONSE_BIT : 0) | (message.opcode << 11) | message.rcode, 2);
  const sections = [message.questions, message.answers, message.authorities, message.additionals];
  for (const [index, { length }] of sections.entries()) header.writeUInt16BE(length, 4 + 2 * index);
  const records = [...message.answers, ...message.authorities, ...message.additionals];
  return Buffer.concat([header, ...message.questions.map(encodeQuestion), ...records.map(encodeRecord)]);
}

function encodeQuestion({ name, type, class: inClass }: Question): Buffer {
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(type, 0);
  tail.writeUInt16BE(inClass, 2);
  return Buffer.concat([encodeName(name), tail]);
}

/** A record as on the wire, without compression. */
export function encodeRecord({ ttl, data, ...question }: WireRecord): Buffer {
  const tail = Buffer.alloc(6);
  tail.writeUInt32BE(ttl, 0);
  tail.writeUInt16BE(data.length, 4);
  return Buffer.concat([encodeQuestion(question), tail, data]);
}

/** @throws MalformedMessage */
export function decodeMessage(bytes: Buffer): ReadMessage {
  if (bytes.length < HEADER) throw new MalformedMessage('it is shorter than its head');
  const flags = bytes.readUInt16BE(2);
  const counts = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  const reader = new Reader(bytes);
  const questions = Array.from({ length: counts[0] ?? 0 }, () => reader.question());
  const [answers, authorities, additionals] = [1, 2, 3].map((index) =>
    Array.from({ length: counts[index] ?? 0 }, () => reader.record()),
  ) as [WireRecord[], WireRecord[], WireRecord[]];
  if (!reader.atEnd) throw new MalformedMessage('more follows it');
  return {
    id: bytes.readUInt16BE(0),
    response: (flags & RESPONSE_BIT) !== 0,
    opcode: (flags >> 11) & 0xf,
    rcode: flags & 0xf,
    questions,
    answers,
    authorities,
    additionals,
    lastAdditionalAt: additionals.length > 0 ? reader.lastRecordAt : -1,
  };
}

class Reader {
  readonly #bytes: Buffer;
  #at = HEADER;
  lastRecordAt = -1;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  question(): Question {
    const { name, end } = decodeName(this.#bytes, this.#at);
    this.#at = end;
    const tail = this.#take(4);
    return { name, type: tail.readUInt16BE(0), class: tail.readUInt16BE(2) };
  }

  record(): WireRecord {
    this.lastRecordAt = this.#at;
    const question = this.question();
    const head = this.#take(6);
    const start = this.#at;
    const raw = this.#take(head.readUInt16BE(4));
    return { ...question, ttl: head.readUInt32BE(0), data: this.#writtenOut(question.type, start, raw) };
  }

  /** Names in the data of the types of RFC 1035 may be pointers into the message. */
  #writtenOut(type: number, start: number, raw: Buffer): Buffer {
    if (raw.length === 0) return raw;
    const before = type === TYPE.MX ? 2 : 0;
    const names = type === TYPE.SOA ? 2 : NAMED.has(type) ? 1 : 0;
    if (names === 0) return raw;
    const parts = [raw.subarray(0, before)];
    let at = start + before;
    for (let n = 0; n < names; n += 1) {
      const read = decodeName(this.#bytes, at);
      parts.push(encodeRead(read.name));
      at = read.end;
    }
    if (at > start + raw.length) throw new MalformedMessage('a record that is longer than it says');
    return Buffer.concat([...parts, this.#bytes.subarray(at, start + raw.length)]);
  }

  #take(length: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    if (taken.length < length) throw new MalformedMessage('it ends within a record');
    this.#at += length;
    return taken;
  }
}

const NAMED: ReadonlySet<number> = new Set([TYPE.NS, TYPE.CNAME, TYPE.PTR, TYPE.MX]);

/** The inverse of reading: a name with \DDD in its labels. */
function encodeRead(name: string): Buffer {
  if (!name.includes('\\')) return encodeName(name);
  const labels = name.split('.').map((label) => {
    const bytes = Buffer.from(
      label.replace(/\\(\d{3})/g, (_, digits) => String.fromCharCode(Number(digits))),
      'latin1',
    );
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  return Buffer.concat([...labels, Buffer.from([0])]);
}
