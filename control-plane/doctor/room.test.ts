import { expect, test } from 'vitest';
import { diskFindings, memoryFindings } from './room.ts';

const BLOCKS = { bsize: 4_096, blocks: 2_621_440, bavail: 1_310_720, files: 655_360, ffree: 600_000 };
const MIB = 2 ** 20;

test('a disk with room is well, also where the file system counts no inodes', () => {
  const message = '5.0 GiB of 10.0 GiB free at /var/lib/berth';
  expect(diskFindings('/var/lib/berth', BLOCKS)).toEqual([{ check: 'disk', state: 'ok', message }]);
  expect(diskFindings('/var/lib/berth', { ...BLOCKS, files: 0, ffree: 0 })).toHaveLength(1);
});

test('a disk that fills is a warning, a full one a fault', () => {
  expect(diskFindings('/', { ...BLOCKS, bavail: (500 * MIB) / 4_096 })).toMatchObject([{ state: 'warning' }]);
  expect(diskFindings('/', { ...BLOCKS, bavail: 0 })).toMatchObject([{ state: 'fault' }]);
  expect(diskFindings('/', { ...BLOCKS, ffree: 12 })).toMatchObject([{ state: 'ok' }, { state: 'fault' }]);
});

test('memory is judged by what is available', () => {
  const states = [1_024, 200, 50].map((mib) => memoryFindings(mib * MIB, 2_048 * MIB)[0]?.state);
  expect(states).toEqual(['ok', 'warning', 'fault']);
});
