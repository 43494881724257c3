/**
 * What an operation's log says about tries that failed. A reason is written when it is new and how often it held when it
 * has ended, so that an hour of waiting for a host is two lines.
 */
export class RetryLog {
  #reason = '';
  #repeats = 0;

  /** A try failed and will be made again. @returns lines to write */
  again(reason: string): string[] {
    if (reason === this.#reason) {
      this.#repeats += 1;
      return [];
    }
    const lines = [...this.end(), `Trying again: ${reason}`];
    this.#reason = reason;
    return lines;
  }

  /** The step has ended, whichever way. @returns lines to write */
  end(): string[] {
    const repeats = this.#repeats;
    this.#reason = '';
    this.#repeats = 0;
    return repeats === 0 ? [] : [`Tried ${repeats} more ${repeats === 1 ? 'time' : 'times'} for the same reason.`];
  }
}
