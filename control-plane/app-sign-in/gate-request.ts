import { isAppPath } from '../app/app-sign-in/app-path.ts';

/**
 * What nginx tells of a request to an app. It sends these headers alone, none of the client's own, and cookies one by
 * one: the rest of them is not the control plane's business.
 */
export interface GateRequest {
  host: string;
  serviceId: string;
  /** Path and query; "/" where they are too long or strange to be come back to. */
  path: string;
  /** Values of the two cookies, empty where there is none. */
  gate: string;
  state: string;
  /** Whether a person waits for a page, who can be sent elsewhere; no program, script or socket. */
  navigates: boolean;
}

/** Reads the headers. @returns undefined for what no nginx of ours sent */
export function readGateRequest({ headers }: Request): GateRequest | undefined {
  const host = headers.get('x-berth-host') ?? '';
  if (!/^[a-z0-9.-]{1,253}$/.test(host)) return undefined;
  const path = headers.get('x-berth-uri') ?? '';
  return {
    host,
    serviceId: headers.get('x-berth-service') ?? '',
    path: isAppPath(path) ? path : '/',
    gate: headers.get('x-berth-gate') ?? '',
    state: headers.get('x-berth-state') ?? '',
    navigates: headers.get('x-berth-navigates') === '1',
  };
}
