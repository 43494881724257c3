import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Config, readConfig } from '../../config.ts';
import { hostEnvironment } from '../../host/host-environment.ts';
import { localApi } from '../../host/local-api.ts';
import type { HostPaths } from '../../host/paths.ts';
import type { ServiceControl } from '../../host/service-control.ts';
import { SERVICE } from './world.ts';

/** How far this host has been set up. */
export interface Standing {
  /** Its configuration; undefined while it does not say under which names it is reached. */
  config: Config | undefined;
  /** Whether the service runs. */
  running: boolean;
  /** Whether there is an administrator; false while nobody can be asked. */
  administrator: boolean;
}

/** Looks how far this host has been set up. @throws Error when its configuration is wrong */
export async function standingOf(paths: HostPaths, services: ServiceControl): Promise<Standing> {
  const env = hostEnvironment(paths);
  const config = env && readConfig(env);
  const running = (await services.stateOf(SERVICE)).active === 'active';
  const administrator = Boolean(config && running && (await setupRequired(config).catch(() => true)) === false);
  // Somebody may have written some lines before, or everything by hand.
  const known = env?.BERTH_SERVER_NAMES !== undefined || administrator;
  return { config: known ? config : undefined, running, administrator };
}

/** Whether the first administrator is still to be made. @throws ConnectError while it does not serve */
export async function setupRequired(config: Config): Promise<boolean> {
  return (await createClient(AuthService, localApi(config)).getSetupState({})).setupRequired;
}

/** The certificate of the installation's authority, PEM; undefined before the first start. */
export function authorityOf({ stateDir }: Config): string | undefined {
  const file = join(stateDir, 'ca.pem');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
