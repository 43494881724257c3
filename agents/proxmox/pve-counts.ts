import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { PveFailure } from './failure.ts';

/** What an agent counts of the PVE API, over all its nodes. */
export class PveCounts {
  #answered = 0;
  #refused = 0;
  #failed = 0;
  #seconds = 0;
  #succeeded = 0;
  #tasksFailed = 0;

  /** Counts a request and the time until its end. @throws what it throws */
  async request<T>(run: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      const answer = await run();
      this.#answered += 1;
      return answer;
    } catch (error) {
      if (error instanceof PveFailure && error.code !== CommandFailureCode.UNAVAILABLE) this.#refused += 1;
      else this.#failed += 1;
      throw error;
    } finally {
      this.#seconds += (performance.now() - began) / 1000;
    }
  }

  /** A task has ended. */
  task(ok: boolean): void {
    if (ok) this.#succeeded += 1;
    else this.#tasksFailed += 1;
  }

  /** As a message says it. */
  figures() {
    return {
      requestsAnswered: BigInt(this.#answered),
      requestsRefused: BigInt(this.#refused),
      requestsFailed: BigInt(this.#failed),
      requestSeconds: this.#seconds,
      tasksSucceeded: BigInt(this.#succeeded),
      tasksFailed: BigInt(this.#tasksFailed),
    };
  }
}
