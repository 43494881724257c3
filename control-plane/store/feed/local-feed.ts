import { outsideLogScope } from '@berth/proto/contract/log-scope.ts';
import type { ChangeFeed, Topic } from '../store.ts';

/**
 * The change feed within one process. A listener is called at once and in order; its error goes to `onError` and
 * keeps nobody else from hearing the topic. What a listener does then is its own work, not that of the call that moved
 * something.
 */
export class LocalFeed implements ChangeFeed {
  readonly #listeners = new Set<(topic: Topic) => void>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  subscribe(listener: (topic: Topic) => void): () => void {
    // Wrapped, so that the same function subscribed twice is two subscriptions.
    const entry = (topic: Topic) => listener(topic);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  check(): void {}

  publish(topic: Topic): void {
    for (const listener of [...this.#listeners]) {
      try {
        outsideLogScope(() => listener(topic));
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
