/** The protocol as its .proto files say it, comments included. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFileRegistry, type DescFile, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const PROTO = join(import.meta.dirname, '../../proto');
const BUF = join(import.meta.dirname, '../../node_modules/.bin/buf');

/** Reads every file, in the order of their names. @throws where buf refuses one */
export async function readProtocol(): Promise<DescFile[]> {
  const { stdout } = await promisify(execFile)(BUF, ['build', '-o', '-#format=binpb'], {
    cwd: PROTO,
    encoding: 'buffer',
    maxBuffer: 64 * 2 ** 20,
  });
  const files = [...createFileRegistry(fromBinary(FileDescriptorSetSchema, stdout)).files];
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}
