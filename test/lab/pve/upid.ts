/** What a task's UPID says of it. */
export interface UpidParts {
  node: string;
  pid: number;
  /** Hundredths of a second between the node's start and the task's. */
  pstart: number;
  /** Seconds since the epoch. */
  starttime: number;
  type: string;
  id: string;
  /** User with token, `user@realm!name`. */
  owner: string;
}

const UPID = /^UPID:([^:\s]+):([0-9A-F]{8}):([0-9A-F]{8,9}):([0-9A-F]{8}):([^:\s]+):([^:]*):([^:\s]+):$/;

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

export function printUpid(parts: UpidParts): string {
  const { node, pid, pstart, starttime, type, id, owner } = parts;
  return `UPID:${node}:${hex(pid)}:${hex(pstart)}:${hex(starttime)}:${type}:${id}:${owner}:`;
}

/** The parts of a UPID, undefined when it is none. */
export function parseUpid(text: string): UpidParts | undefined {
  const match = UPID.exec(text);
  if (!match) return undefined;
  const [, node = '', pid = '', pstart = '', starttime = '', type = '', id = '', owner = ''] = match;
  const number = (value: string): number => Number.parseInt(value, 16);
  return { node, pid: number(pid), pstart: number(pstart), starttime: number(starttime), type, id, owner };
}
