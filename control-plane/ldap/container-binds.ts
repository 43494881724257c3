import type { Store } from '../store/store.ts';

/** The use of a container's account is noted at most this often, in milliseconds. */
const NOTE_MS = 10 * 60_000;

/** Notes when containers bound last. It is no change of the directory and nobody waits for it. */
export function noteContainerBinds(store: Store, onError: (error: unknown) => void): (containerId: string) => void {
  const noted = new Map<string, number>();
  return (containerId) => {
    const now = store.clock.now();
    if (now - (noted.get(containerId) ?? Number.NEGATIVE_INFINITY) < NOTE_MS) return;
    noted.set(containerId, now);
    store
      .transaction((tx) =>
        tx.db
          .updateTable('container_binds')
          .set({ last_used_at: tx.now })
          .where('container_id', '=', containerId)
          .execute(),
      )
      .catch(onError);
  };
}
