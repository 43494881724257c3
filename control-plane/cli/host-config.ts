import { type Config, readConfig } from '../config.ts';
import { withCredentials } from '../host/credentials.ts';
import { hostEnvironment } from '../host/host-environment.ts';

/**
 * The configuration of the control plane on this host, as its service has it: by the environment where that says where
 * the state is, else as the host is set up.
 * @throws Error naming what is wrong, or what cannot be read
 */
export function hostConfig(): Config {
  const { BERTH_STATE_DIR, BERTH_DATABASE_URL } = process.env;
  const own = BERTH_STATE_DIR !== undefined || BERTH_DATABASE_URL !== undefined;
  return readConfig(own ? withCredentials(process.env) : { ...hostEnvironment(), ...process.env });
}
