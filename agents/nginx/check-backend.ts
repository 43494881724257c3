import type { Backend } from '@berth/proto/agent/v1/resource_pb.js';
import { backendAddress, portNumber, shown } from './escape.ts';

/** Address and port of a backend as nginx writes them, or what is wrong with it. */
export type BackendVerdict = { readonly text: string; readonly problem?: undefined } | { readonly problem: string };

/** Checks where a route leads. */
export function checkBackend(backend: Backend | undefined): BackendVerdict {
  if (!backend) return { problem: 'backend is missing' };
  const address = backendAddress(backend.address);
  if (address === undefined) return { problem: `backend address ${shown(backend.address)} is not that of a host` };
  const port = portNumber(backend.port);
  if (port === undefined) return { problem: `backend port ${backend.port} is not in 1–65535` };
  return { text: `${address}:${port}` };
}
