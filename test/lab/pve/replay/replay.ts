import type { PveCluster } from '../cluster.ts';
import type { SimRequest } from '../request.ts';
import type { SimResponse } from '../response.ts';
import { differences } from './compare.ts';
import type { Recording } from './recording.ts';
import { BEFORE, type LeftOut, TOGETHER, UNCLAIMED, UNLOCKED, WHILE_RUNNING } from './script.ts';
import { recordedWorld, SECRET } from './world.ts';

const UPID = /UPID:[^\s"/]+?:(?=["/\s]|$)/;

/** Replays recordings in order on a fresh cluster; gives the differences by sequence number. */
export async function replay(recordings: readonly Recording[]): Promise<Map<number, string[]>> {
  const cluster = await recordedWorld();
  try {
    return await new Replay(cluster).run(recordings);
  } finally {
    await cluster.close();
  }
}

interface Ticket {
  ticket: string;
  CSRFPreventionToken: string;
}

class Replay {
  readonly #cluster: PveCluster;
  /** Recorded UPIDs, digests and tickets, and what stands for them here. */
  readonly #ours = new Map<string, string>();
  readonly #results = new Map<number, string[]>();
  #ticket: Ticket = { ticket: '', CSRFPreventionToken: '' };

  constructor(cluster: PveCluster) {
    this.#cluster = cluster;
  }

  async run(recordings: readonly Recording[]): Promise<Map<number, string[]>> {
    const bySeq = new Map(recordings.map((recording) => [recording.seq, recording]));
    for (const recording of recordings) {
      if (UNCLAIMED[recording.seq] !== undefined || this.#results.has(recording.seq)) continue;
      await this.#prepare(recording);
      const group = TOGETHER.find((seqs) => seqs.includes(recording.seq)) ?? [recording.seq];
      const members = group.map((seq) => bySeq.get(seq)).filter((member) => member !== undefined);
      await Promise.all(members.map((member) => this.#take(member)));
    }
    return this.#results;
  }

  async #prepare(recording: Recording): Promise<void> {
    const { seq } = recording;
    for (const step of BEFORE[seq] ?? []) {
      await this.#cluster.settled();
      await this.#leftOut(step, recording);
    }
    const unlocked = UNLOCKED[seq];
    if (unlocked !== undefined) this.#cluster.unlock(unlocked);
    if (!WHILE_RUNNING.has(seq)) await this.#cluster.settled();
  }

  async #leftOut(step: LeftOut, next: Recording): Promise<void> {
    const headers: Record<string, string> = { authorization: `PVEAPIToken=${step.identity}=${SECRET}` };
    if (step.body !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded';
    const url = `/api2/json${step.path}`;
    const answer = await this.#cluster.handle({
      method: step.method,
      url,
      headers,
      body: Buffer.from(step.body ?? ''),
    });
    if (answer.status !== 200) throw new Error(`${step.method} ${step.path}: ${answer.statusText}`);
    if (step.upidOf !== undefined) {
      const recorded = UPID.exec(decodeURIComponent(next.request.path))?.[0] ?? '';
      this.#ours.set(recorded, String((JSON.parse(answer.body) as { data: unknown }).data));
    }
  }

  async #take(recording: Recording): Promise<void> {
    const answer = await this.#cluster.handle(this.#request(recording));
    this.#learn(recording, answer);
    this.#results.set(recording.seq, differences(recording, answer));
  }

  #request(recording: Recording): SimRequest {
    const { method, path, query, headers, body } = recording.request;
    const filled = this.#translate(body ?? '').replace(/<(\d+) times a>/, (_, n: string) => 'a'.repeat(Number(n)));
    const url = `${this.#translate(path)}${query === '' ? '' : `?${this.#translate(query)}`}`;
    return { method, url, headers: { ...headers, ...this.#identity(recording) }, body: Buffer.from(filled) };
  }

  #identity({ seq, request }: Recording): Record<string, string> {
    if (request.authHeader === 'token') return { authorization: `PVEAPIToken=${request.identity}=${SECRET}` };
    if (request.authHeader === 'bad')
      return seq === 14 ? { cookie: 'PVEAuthCookie=bad' } : { authorization: 'Basic bad' };
    if (request.authHeader === 'none') return {};
    const csrf: Record<string, string> = request.identity?.includes('CSRF')
      ? { csrfpreventiontoken: this.#ticket.CSRFPreventionToken }
      : {};
    return { cookie: `PVEAuthCookie=${encodeURIComponent(this.#ticket.ticket)}`, ...csrf };
  }

  #translate(text: string): string {
    let translated = text;
    for (const [recorded, ours] of this.#ours) {
      // Recorded addresses leave the exclamation mark as it is, as encodeURIComponent does.
      translated = translated.replace(encodeURIComponent(recorded), encodeURIComponent(ours)).replace(recorded, ours);
    }
    return translated;
  }

  #learn(recording: Recording, answer: SimResponse): void {
    if (answer.status !== 200 || recording.response.status !== 200) return;
    const recorded = (recording.response.body as { data?: unknown } | null)?.data;
    const { data } = JSON.parse(answer.body) as { data: unknown };
    if (typeof recorded === 'string' && recorded.startsWith('UPID:')) this.#ours.set(recorded, String(data));
    const digests = [recorded, data].map((value) => (value as { digest?: string } | null)?.digest);
    if (digests[0] !== undefined && digests[1] !== undefined) this.#ours.set(digests[0], digests[1]);
    if (recording.request.path.endsWith('/access/ticket')) this.#ticket = data as Ticket;
  }
}
