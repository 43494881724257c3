/** Signatures of messages with a shared secret (RFC 8945). */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { CLASS, TYPE } from './constants.ts';
import { encodeRecord, type ReadMessage, type WireRecord } from './message.ts';
import { decodeName, encodeName, MalformedMessage } from './name.ts';

const HASHES = {
  'hmac-sha1': 'sha1',
  'hmac-sha224': 'sha224',
  'hmac-sha256': 'sha256',
  'hmac-sha384': 'sha384',
  'hmac-sha512': 'sha512',
} as const;

/** Algorithms there are here (RFC 8945, 6). */
export type TsigAlgorithm = keyof typeof HASHES;

export const TSIG_ALGORITHMS = Object.keys(HASHES) as TsigAlgorithm[];

/** A key that both ends know. */
export interface TsigKey {
  name: string;
  algorithm: TsigAlgorithm;
  secret: Uint8Array;
}

/** Seconds by which clocks may differ; what RFC 8945, 10 recommends. */
const FUDGE_SECONDS = 300;

const ADDITIONAL_COUNT_AT = 10;
const NO_OTHER_DATA = Buffer.alloc(0);

/** What a TSIG record says. */
export interface Tsig {
  keyName: string;
  algorithm: string;
  /** Seconds since the epoch. */
  timeSigned: number;
  fudge: number;
  mac: Buffer;
  originalId: number;
  /** 0, or BADSIG, BADKEY, BADTIME, BADTRUNC. */
  error: number;
  /** With BADTIME, the server's time. */
  otherData: Buffer;
}

/** A message with its signature at the end, and what the answer's signature builds on. */
export interface Signed {
  bytes: Buffer;
  mac: Buffer;
}

/**
 * Signs a message.
 * @param seconds since the epoch
 * @param requestMac when it answers a signed request: that one's MAC
 */
export function signMessage(bytes: Buffer, key: TsigKey, seconds: number, requestMac?: Buffer): Signed {
  const tsig = {
    keyName: key.name,
    algorithm: key.algorithm,
    timeSigned: seconds,
    fudge: FUDGE_SECONDS,
    mac: NO_OTHER_DATA,
    originalId: bytes.readUInt16BE(0),
    error: 0,
    otherData: NO_OTHER_DATA,
  };
  const mac = macOf(bytes, key, tsig, requestMac);
  const signed = Buffer.concat([bytes, encodeRecord(tsigRecord({ ...tsig, mac }))]);
  signed.writeUInt16BE(bytes.readUInt16BE(ADDITIONAL_COUNT_AT) + 1, ADDITIONAL_COUNT_AT);
  return { bytes: signed, mac };
}

/** The signature of a message, where it has one. @throws MalformedMessage */
export function tsigOf({ additionals }: ReadMessage): Tsig | undefined {
  const last = additionals.at(-1);
  return last?.type === TYPE.TSIG ? readTsig(last) : undefined;
}

/** Whether the answer to a request was signed with the key, unchanged; its time is the caller's to judge. */
export function isSignedBy(bytes: Buffer, message: ReadMessage, key: TsigKey, requestMac: Buffer): boolean {
  const tsig = tsigOf(message);
  if (!tsig || tsig.keyName !== key.name.toLowerCase() || tsig.algorithm !== key.algorithm) return false;
  const unsigned = Buffer.from(bytes.subarray(0, message.lastAdditionalAt));
  unsigned.writeUInt16BE(tsig.originalId, 0);
  unsigned.writeUInt16BE(message.additionals.length - 1, ADDITIONAL_COUNT_AT);
  const expected = macOf(unsigned, key, tsig, requestMac);
  return expected.length === tsig.mac.length && timingSafeEqual(expected, tsig.mac);
}

/** RFC 8945, 4.3: the request's MAC, the message, and what the record says besides the MAC. */
function macOf(bytes: Buffer, { algorithm, secret }: TsigKey, tsig: Tsig, requestMac?: Buffer): Buffer {
  const hmac = createHmac(HASHES[algorithm], secret);
  if (requestMac) hmac.update(uint16(requestMac.length)).update(requestMac);
  hmac.update(bytes);
  hmac.update(Buffer.concat([encodeName(tsig.keyName), uint16(CLASS.ANY), Buffer.alloc(4)]));
  hmac.update(Buffer.concat([encodeName(tsig.algorithm), timeAndFudge(tsig), errorAndOther(tsig)]));
  return hmac.digest();
}

function tsigRecord(tsig: Tsig): WireRecord {
  const mac = Buffer.concat([uint16(tsig.mac.length), tsig.mac, uint16(tsig.originalId)]);
  const data = Buffer.concat([encodeName(tsig.algorithm), timeAndFudge(tsig), mac, errorAndOther(tsig)]);
  return { name: tsig.keyName, type: TYPE.TSIG, class: CLASS.ANY, ttl: 0, data };
}

function timeAndFudge({ timeSigned, fudge }: Tsig): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUIntBE(timeSigned, 0, 6);
  bytes.writeUInt16BE(fudge, 6);
  return bytes;
}

function errorAndOther({ error, otherData }: Tsig): Buffer {
  return Buffer.concat([uint16(error), uint16(otherData.length), otherData]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function readTsig({ name, data }: WireRecord): Tsig {
  const { name: algorithm, end } = decodeName(data, 0);
  const rest = data.subarray(end);
  try {
    const macLength = rest.readUInt16BE(8);
    const tail = rest.subarray(10 + macLength);
    const otherData = tail.subarray(6, 6 + tail.readUInt16BE(4));
    return {
      keyName: name,
      algorithm,
      timeSigned: rest.readUIntBE(0, 6),
      fudge: rest.readUInt16BE(6),
      mac: rest.subarray(10, 10 + macLength),
      originalId: tail.readUInt16BE(0),
      error: tail.readUInt16BE(2),
      otherData,
    };
  } catch {
    throw new MalformedMessage('a TSIG that is too short');
  }
}
