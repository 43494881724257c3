import type { HostPaths } from '../../host/paths.ts';
import type { ServiceControl } from '../../host/service-control.ts';

/** The unit that is set up. */
export const SERVICE = 'berth.service';

/** The host that is set up, so that a test can give another one. */
export interface SetupWorld {
  paths: HostPaths;
  services: ServiceControl;
  /** Takes what people read, a line or more. */
  print: (text: string) => void;
}
