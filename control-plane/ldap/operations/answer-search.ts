import { pagedResponse } from '../protocol/controls.ts';
import { messageSize, response, SEARCH_DONE, writeMessage } from '../protocol/responses.ts';
import { type Result, ResultCode, SUCCESS } from '../protocol/result-codes.ts';
import type { PieceEnd, SearchRun } from './search.ts';

/** The way to the client, for one search. */
export interface SearchClient {
  send(bytes: Buffer): void;
  /** Lets others have their turn and waits until the client has read; false once nobody wants the answer. */
  turn(): Promise<boolean>;
}

/** A search to be answered. */
export interface SearchAnswer {
  /** Of the message. */
  id: number;
  run: SearchRun;
  /** Seconds that the client gives it; 0 for ever. */
  seconds: number;
  /** Entries a page, and what remembers a search that goes on on the next one; absent without pages. */
  page?: { size: number; keep(run: SearchRun): Buffer };
}

/** Milliseconds at a stretch, after which others have their turn. */
const STRETCH_MS = 5;
/** Bytes collected before they are sent. */
const CHUNK_BYTES = 64 * 1024;
const NO_COOKIE = Buffer.alloc(0);

/** Answers a search: at once where one stretch suffices, which is nearly always. */
export function answerSearch(client: SearchClient, answer: SearchAnswer): Promise<void> | undefined {
  const most = answer.page?.size ?? Number.POSITIVE_INFINITY;
  const { end, given } = stretch(client, answer, most);
  return end === 'later' ? goOn(client, answer, most - given) : undefined;
}

async function goOn(client: SearchClient, answer: SearchAnswer, most: number): Promise<void> {
  const deadline = answer.seconds > 0 ? performance.now() + answer.seconds * 1_000 : Number.POSITIVE_INFINITY;
  let left = most;
  while (await client.turn()) {
    if (performance.now() > deadline) {
      sendAll(client, answer.id, [], response('search', { code: ResultCode.timeLimitExceeded }));
      return;
    }
    const { end, given } = stretch(client, answer, left);
    if (end !== 'later') return;
    left -= given;
  }
}

function stretch(client: SearchClient, answer: SearchAnswer, most: number): { end: PieceEnd; given: number } {
  const until = performance.now() + STRETCH_MS;
  const found: Buffer[] = [];
  let size = 0;
  const patience = () => size < CHUNK_BYTES && performance.now() < until;
  const end = answer.run.piece(most, patience, (entry) => {
    found.push(entry);
    size += entry.length;
  });
  if (end === 'later') sendAll(client, answer.id, found);
  else sendEnd(client, answer, found, end);
  return { end, given: found.length };
}

function sendEnd(client: SearchClient, { id, run, page }: SearchAnswer, found: Buffer[], end: Result | 'page'): void {
  if (!page) {
    sendAll(client, id, found, end === SUCCESS ? SEARCH_DONE : response('search', end as Result));
    return;
  }
  const cookie = end === 'page' ? page.keep(run) : NO_COOKIE;
  sendAll(client, id, found, response('search', end === 'page' ? SUCCESS : end), pagedResponse(cookie));
}

/** Sends entries and what ends them, if anything does, in one piece. */
function sendAll(client: SearchClient, id: number, entries: Buffer[], done?: Buffer, controls?: Buffer): void {
  let size = done ? messageSize(id, done.length + (controls?.length ?? 0)) : 0;
  for (const entry of entries) size += messageSize(id, entry.length);
  if (size === 0) return;
  const into = Buffer.allocUnsafe(size);
  let pos = 0;
  for (const entry of entries) pos = writeMessage(into, pos, id, entry);
  if (done) writeMessage(into, pos, id, done, controls);
  client.send(into);
}
