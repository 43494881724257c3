import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentDoctorFindings } from './agent-doctor.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-agent-doctor-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

/** A program in the place of the agent's. */
function program(script: string): string {
  const file = join(directory, 'berth-agent');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

test("the agent's findings are told as its own, faults or not", async () => {
  const finding = { check: 'link', state: 'fault', message: 'not connected', remedy: 'Look at the network.' };
  const agent = program(`[ "$*" = "doctor -o json" ] && echo '${JSON.stringify([finding])}'; exit 1`);
  expect(await agentDoctorFindings(agent)).toEqual([{ ...finding, check: 'agent link' }]);
});

test('a host without an agent has nothing to tell, and one whose doctor fails says so', async () => {
  expect(await agentDoctorFindings(join(directory, 'nothing'))).toEqual([]);
  expect(await agentDoctorFindings(program('echo broken; exit 70'))).toMatchObject([
    { check: 'agent', state: 'fault', remedy: expect.stringContaining('berth-agent doctor') },
  ]);
});
