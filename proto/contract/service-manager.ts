/**
 * What a service tells systemd (sd_notify(3)): that it serves, that it is alive, that it stops. Node has no datagram
 * sockets of the kind that is wanted there, so systemd's own program does the talking; where nobody listens, nothing is
 * said.
 */
import { execFile } from 'node:child_process';
import type { Clock } from './clock.ts';

/** A service as its manager sees it. */
export interface ServiceManager {
  /** It serves from now on, and says so again and again where a watchdog is set. */
  ready(): void;
  /** How it does, in one line that `systemctl status` shows; the same again is not said. */
  status(text: string): void;
  /** It stops. */
  stopping(): void;
}

/**
 * Finds the manager in the environment (NOTIFY_SOCKET, WATCHDOG_USEC).
 * @param healthy whether to say that the service is alive
 */
export function serviceManager(
  env: NodeJS.ProcessEnv,
  clock: Clock,
  healthy: () => Promise<boolean> = async () => true,
): ServiceManager {
  if (!env.NOTIFY_SOCKET) return { ready: () => {}, status: () => {}, stopping: () => {} };
  const watchdogMs = Number(env.WATCHDOG_USEC ?? 0) / 1_000;
  let cancel = () => {};
  let said = '';
  const alive = async () => {
    if (await healthy()) notify('WATCHDOG=1');
    arm();
  };
  const arm = () => {
    if (watchdogMs > 0) cancel = clock.after(watchdogMs / 3, () => void alive());
  };
  return {
    ready() {
      notify('--ready');
      arm();
    },
    status(text) {
      if (text !== said) notify(`--status=${text}`);
      said = text;
    },
    stopping() {
      cancel();
      notify('--stopping');
    },
  };
}

/** A manager that cannot be told finds out by itself. */
function notify(message: string): void {
  execFile('systemd-notify', [message], () => {});
}
