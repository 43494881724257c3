import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LOG_LINES = '15';

/** What systemd says of a unit (`systemctl show`). */
export interface UnitState {
  /** `loaded`, or `not-found`. */
  load: string;
  /** `active`, `inactive`, `failed`, `activating`, … */
  active: string;
  /** `enabled`, `disabled`, …; empty where there is none. */
  enabled: string;
  /** How often it was started anew by itself. */
  restarts: number;
}

/** The services of this host. */
export interface ServiceControl {
  /** Whether systemd runs this machine. */
  available(): boolean;
  stateOf(unit: string): Promise<UnitState>;
  /** Has a unit start at each boot, and starts it anew now. Resolves when it serves. @throws Error with its last words */
  restart(unit: string): Promise<void>;
}

/** systemd's. */
export const systemd: ServiceControl = {
  available: () => existsSync('/run/systemd/system'),

  async stateOf(unit) {
    const properties = 'LoadState,ActiveState,UnitFileState,NRestarts';
    const { stdout } = await run('systemctl', ['show', `--property=${properties}`, '--', unit]);
    const values = new Map(stdout.split('\n').map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]));
    return {
      load: values.get('LoadState') ?? '',
      active: values.get('ActiveState') ?? '',
      enabled: values.get('UnitFileState') ?? '',
      restarts: Number(values.get('NRestarts') ?? 0),
    };
  },

  async restart(unit) {
    await run('systemctl', ['enable', '--', unit]);
    try {
      await run('systemctl', ['restart', '--', unit]);
    } catch (cause) {
      const { stdout } = await run('journalctl', ['--unit', unit, '--lines', LOG_LINES, '--no-pager', '--output=cat']);
      throw new Error(`${unit} does not start. Its last words:\n${stdout}`, { cause });
    }
  },
};
