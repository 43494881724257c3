import { type Figures, FiguresSchema, type Role } from '@berth/proto/agent/v1/session_pb.js';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { RoleModule } from './role.ts';

type Counts = { appliesRunning: number; appliesRejected: number; applySeconds: number; driftRepairs: number };

/** What an agent counts since its start, and what its roles say of their hosts. */
export class AgentFigures {
  readonly #startedAtMs: number;
  readonly #roles = new Map<Role, Counts>();
  #sessions = 0;
  #succeeded = 0;
  #failed = 0;
  #latest: Figures | undefined;
  #reading = false;

  /** @param startedAtMs milliseconds since the epoch */
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  /** As they were when they were last read; undefined before. */
  get latest(): Figures | undefined {
    return this.#latest;
  }

  /** A session was opened. */
  sessionOpened(): void {
    this.#sessions += 1;
  }

  /** A command has ended. */
  commandEnded(ok: boolean): void {
    if (ok) this.#succeeded += 1;
    else this.#failed += 1;
  }

  /** A role has applied a set, or refused it. */
  applied(role: Role, status: 'running' | 'rejected', ms: number): void {
    const counts = this.#of(role);
    if (status === 'running') counts.appliesRunning += 1;
    else counts.appliesRejected += 1;
    counts.applySeconds += ms / 1000;
  }

  /** A file that somebody else had changed is right again. */
  driftRepaired(role: Role): void {
    this.#of(role).driftRepairs += 1;
  }

  /** Reads them anew; a role that cannot say is left out. */
  async read(roles: Iterable<RoleModule>): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    const own: MessageInitShape<typeof FiguresSchema> = {};
    for (const role of roles) Object.assign(own, await role.figures?.().catch(() => undefined));
    const { user, system } = process.cpuUsage();
    this.#latest = create(FiguresSchema, {
      ...own,
      residentBytes: BigInt(process.memoryUsage.rss()),
      cpuSeconds: (user + system) / 1e6,
      startedAt: timestampFromMs(this.#startedAtMs),
      reconnects: BigInt(Math.max(0, this.#sessions - 1)),
      commandsSucceeded: BigInt(this.#succeeded),
      commandsFailed: BigInt(this.#failed),
      roles: [...this.#roles].map(([role, counts]) => ({
        role,
        appliesRunning: BigInt(counts.appliesRunning),
        appliesRejected: BigInt(counts.appliesRejected),
        applySeconds: counts.applySeconds,
        driftRepairs: BigInt(counts.driftRepairs),
      })),
    });
    this.#reading = false;
  }

  #of(role: Role): Counts {
    const known = this.#roles.get(role);
    if (known) return known;
    const counts = { appliesRunning: 0, appliesRejected: 0, applySeconds: 0, driftRepairs: 0 };
    this.#roles.set(role, counts);
    return counts;
  }
}
