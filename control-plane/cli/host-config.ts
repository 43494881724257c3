import { type Config, readConfig } from '../config.ts';

/** The configuration of the control plane on this host, as its service has it. @throws Error naming what is wrong */
export function hostConfig(): Config {
  return readConfig(process.env);
}
