import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Finding } from '@berth/proto/contract/finding.ts';
import * as z from 'zod';
import { fault, reasonOf } from './check.ts';

const PROGRAM = '/usr/bin/berth-agent';
const WITHIN_MS = 60_000;

const shape = z.array(
  z.object({
    check: z.string(),
    state: z.enum(['ok', 'warning', 'fault']),
    message: z.string(),
    remedy: z.string().optional(),
  }),
);

/** What the agent's own doctor finds, where this host has the agent's package; nothing elsewhere. */
export async function agentDoctorFindings(program: string = PROGRAM): Promise<Finding[]> {
  if (!existsSync(program)) return [];
  const { said, error } = await output(program, ['doctor', '-o', 'json']);
  try {
    return shape.parse(JSON.parse(said)).map(({ check, state, message, remedy }) => ({
      check: `agent ${check}`,
      state,
      message,
      ...(remedy !== undefined && { remedy }),
    }));
  } catch {
    const why = reasonOf(error ?? 'it says nothing that can be read');
    return [fault('agent', `its own doctor cannot be run: ${why}`, 'Run it yourself: "berth-agent doctor".')];
  }
}

/** It ends with 1 where it finds a fault, so what it says counts. */
function output(program: string, args: readonly string[]): Promise<{ said: string; error: Error | null }> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: WITHIN_MS }, (error, said) => resolve({ said, error }));
  });
}
