import { HealthSchema, Role } from '@berth/proto/agent/v1/session_pb.js';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Report } from './role.ts';
import type { AgentNews } from './status-file.ts';

/** Reports kept for a session to come; each drifted file counts as one. */
const KEEP = 200;

type Health = MessageInitShape<typeof HealthSchema>;

/**
 * What the roles report on their own account. With a session it goes out at once; without one, the newest of its kind
 * is kept. The roles' healths are one message, because the host is well only when all of them are.
 */
export class Reports {
  readonly #kept = new Map<string, Report>();
  readonly #health = new Map<string, Health>();
  readonly #noted: (news: AgentNews) => void;
  #send: ((report: Report) => void) | undefined;

  /** @param noted told of what is wrong with host and nodes, each time it is reported */
  constructor(noted: (news: AgentNews) => void = () => {}) {
    this.#noted = noted;
  }

  /** Takes a report of a role. */
  take(role: Role, report: Report): void {
    if (report.case === 'guestReport') {
      const { unreachableNodes, missingRights } = report.value;
      this.#noted({ nodes: { ...unreachableNodes, ...missingRights } });
    }
    if (report.case === 'health') this.finding(Role[role].toLowerCase(), report.value);
    else this.#pass(keyOf(report), report);
  }

  /** Sets one contributor's health; undefined when it has nothing to say any more. */
  finding(contributor: string, health: Health | undefined): void {
    if (health) this.#health.set(contributor, health);
    else if (!this.#health.delete(contributor)) return;
    this.beat();
  }

  /** Sets or, with undefined, clears something that is wrong, in words. */
  wrong(about: string, text: string | undefined): void {
    this.finding(about, text === undefined ? undefined : { ok: false, findings: [text] });
  }

  /** Reports the health as it is now. */
  beat(): void {
    const health = this.#wellBeing();
    this.#noted({ findings: health.findings ?? [] });
    this.#pass('health', { case: 'health', value: create(HealthSchema, health) });
  }

  /** From now on reports go here, those kept first. */
  open(send: (report: Report) => void): void {
    this.#send = send;
    for (const report of this.#kept.values()) send(report);
    this.#kept.clear();
  }

  /** From now on reports are kept. */
  close(): void {
    this.#send = undefined;
  }

  #pass(key: string, report: Report): void {
    if (this.#send) this.#send(report);
    else this.#keep(key, report);
  }

  #keep(key: string, report: Report): void {
    this.#kept.delete(key);
    this.#kept.set(key, report);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEEP && oldest !== undefined) this.#kept.delete(oldest);
  }

  #wellBeing(): Health {
    const all = [...this.#health.values()];
    return {
      ok: all.every((health) => health.ok !== false),
      findings: all.flatMap((health) => health.findings ?? []),
      workers: all.reduce((sum, health) => sum + (health.workers ?? 0), 0),
      residentBytes: BigInt(process.memoryUsage.rss()),
    };
  }
}

function keyOf(report: Report): string {
  return report.case === 'driftReport' ? `drift ${report.value.role} ${report.value.path}` : report.case;
}
