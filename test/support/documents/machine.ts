/**
 * The machine on which the commands of the documents are run: a network and a file system view of their own, with
 * what `scripts/dev --memory` brings up, on the ports it says, whatever else this machine is doing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../../lab/program.ts';
import { type Block, missingLines, placeOf, REPOSITORY } from './blocks.ts';

/** As test/lab/program.ts has it: what is run again and again starts in half the time. */
const COMPILED = join(REPOSITORY, 'node_modules/.cache/compiled');

const BLOCK_MS = 60_000;

/** A machine with a lab. */
export interface Machine {
  /** Runs a block where the one before it ended: same variables, same directory. @throws with its output if it fails */
  run(block: Block): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one. @throws with what scripts/dev said when it does not come up */
export async function startMachine(): Promise<Machine> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-documents-'));
  for (const part of ['lab', 'home']) await mkdir(join(directory, part));
  await mkdir(join(REPOSITORY, '.lab'), { recursive: true });
  const setUp = `ip link set lo up; mount --bind ${directory}/lab ${REPOSITORY}/.lab; exec scripts/dev --memory`;
  const dev = new Program({
    name: 'scripts/dev',
    command: 'unshare',
    args: ['--net', '--mount', '--propagation', 'private', 'bash', '-ec', setUp],
    logFile: join(directory, 'dev.log'),
    ready: /^Ready/m,
    readyWithinMs: 120_000,
  });
  const stop = async () => {
    await dev.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await dev.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { run: (block) => runBlock(block, { directory, pid: dev.pid ?? 0 }), stop };
}

interface Inside {
  directory: string;
  pid: number;
}

async function runBlock(block: Block, { directory, pid }: Inside): Promise<void> {
  const [script, state] = [join(directory, 'block'), join(directory, `state-${block.file.replaceAll('/', '-')}`)];
  await writeFile(script, block.text);
  // What a block leaves are its variables; those that bash itself keeps cannot be set.
  const wrapped = `cd ${REPOSITORY}; source ${state} 2>/dev/null; set -euo pipefail; source ${script}; { declare -p; declare -f; echo "cd '$PWD'"; } >${state}`;
  const shell = spawn('nsenter', ['--target', String(pid), '--net', '--mount', 'bash', '-c', wrapped], {
    cwd: REPOSITORY,
    env: { PATH: process.env.PATH, HOME: join(directory, 'home'), LANG: 'C.UTF-8', NODE_COMPILE_CACHE: COMPILED },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = await outputOf(shell, block);
  const missing = missingLines(block.output ?? '', output);
  if (missing.length > 0) {
    throw new Error(`${placeOf(block)}: not in the output: ${missing.join('\n')}\nThe output:\n${output}`);
  }
}

/** What it prints; an endless one is interrupted once it has printed what it should. */
async function outputOf(shell: ChildProcess, block: Block): Promise<string> {
  let output = '';
  const end = (signal: NodeJS.Signals) => shell.pid && process.kill(-shell.pid, signal);
  const endless = block.attributes.has('endless');
  const hear = (chunk: Buffer) => {
    output += chunk;
    if (endless && missingLines(block.output ?? '', output).length === 0) end('SIGINT');
  };
  shell.stdout?.on('data', hear);
  shell.stderr?.on('data', hear);
  const timer = setTimeout(end, BLOCK_MS, 'SIGKILL');
  const [code] = await once(shell, 'close');
  clearTimeout(timer);
  if (code !== 0 && !endless) throw new Error(`${placeOf(block)} ended with ${code}:\n${output}`);
  return output;
}
