import type { Finding } from '@berth/proto/contract/finding.ts';
import { bytesText, fault, ok, warning } from './check.ts';

const MIB = 2 ** 20;
/** Below the first a database soon cannot grow; below the second somebody should look. */
const DISK = { fault: 200 * MIB, warning: 1_024 * MIB };
const INODES = { fault: 1_000, warning: 10_000 };
/** What a control plane needs to start anew, and what should be left beside it. */
const MEMORY = { fault: 100 * MIB, warning: 300 * MIB };

/** What a file system has, as statfs(2) tells. */
export interface FileSystemRoom {
  bsize: number;
  blocks: number;
  /** For others than root, as the service is one. */
  bavail: number;
  files: number;
  ffree: number;
}

/** Whether there is room where the state is. */
export function diskFindings(path: string, room: FileSystemRoom): Finding[] {
  const free = room.bavail * room.bsize;
  const remedy = `Make room on the file system of ${path}: "du -xh ${path} | sort -h | tail", or enlarge it.`;
  const left = `${bytesText(free)} of ${bytesText(room.blocks * room.bsize)} free at ${path}`;
  const found = [judged('disk', free, DISK, left, remedy)];
  // Some file systems make them as they are needed, and count none.
  if (room.files > 0) {
    const inodes = judged('disk', room.ffree, INODES, `${room.ffree} inodes free at ${path}`, remedy);
    if (inodes.state !== 'ok') found.push(inodes);
  }
  return found;
}

/** Whether there is memory left. @param available bytes, MemAvailable of /proc/meminfo */
export function memoryFindings(available: number, total: number): Finding[] {
  const left = `${bytesText(available)} of ${bytesText(total)} available`;
  return [
    judged('memory', available, MEMORY, left, 'Give this machine more memory, or stop what takes it: "top -o %MEM".'),
  ];
}

function judged(check: string, left: number, least: typeof DISK, message: string, remedy: string): Finding {
  if (left < least.fault) return fault(check, message, remedy);
  return left < least.warning ? warning(check, message, remedy) : ok(check, message);
}
