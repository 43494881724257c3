import { join } from 'node:path';
import { systemClock } from '@berth/proto/contract/clock.ts';
import type { Finding } from '@berth/proto/contract/finding.ts';
import type { NginxConfig } from '../nginx/config.ts';
import { NginxProcess } from '../nginx/nginx-process.ts';
import { ReleaseStore } from '../shared/release-store.ts';

/** Whether nginx runs and serves what is live on the disk. */
export async function examineNginx(config: NginxConfig): Promise<Finding[]> {
  const check = 'nginx serves';
  const live = await new ReleaseStore(config.rootDir).current();
  if (!live) return [{ check, state: 'ok', message: 'there is nothing to serve yet' }];
  const nginx = new NginxProcess(config, systemClock);
  const log = join(config.runDir, 'error.log');
  if ((await nginx.masterPid()) === undefined) {
    const remedy = `${startCommand(config)}\nWhy it ended: tail ${log}`;
    return [{ check, state: 'fault', message: 'nginx does not run', remedy }];
  }
  const served = await nginx.servedRelease();
  const workers = await nginx.workers();
  if (served !== undefined && (live.id === served || live.id.startsWith(`${served}.`))) {
    const old = workers.filter((worker) => worker.old).length;
    const message = `release ${served} by ${workers.length - old} workers${old > 0 ? `; ${old} finish earlier connections` : ''}`;
    return [{ check, state: 'ok', message }];
  }
  const message = `release ${live.id} is live on the disk, nginx serves ${served ?? 'none that it tells of'}`;
  return [{ check, state: 'fault', message, remedy: `systemctl restart berth-agent\nWhy: tail ${log}` }];
}

function startCommand({ manage }: NginxConfig): string {
  return manage ? 'systemctl restart berth-agent' : 'systemctl restart berth-nginx.path berth-nginx.service';
}
