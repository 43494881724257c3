import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CliError } from './explain.ts';

/** The first line of standard input when `--password-stdin` says so, else what is typed on the terminal. */
export async function passwordOf(options: { passwordStdin?: boolean }, question: string): Promise<string> {
  if (options.passwordStdin) return readFileSync(0, 'utf8').replace(/\r?\n$/, '');
  return ask(question, true);
}

/** Asks a question on the terminal; what is `hidden` is not shown. @throws CliError without a terminal */
export async function ask(question: string, hidden: boolean): Promise<string> {
  if (!process.stdin.isTTY)
    throw new CliError('there is no terminal to ask on: give the options instead, e.g. --password-stdin.');
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  // It is the reader that keeps what is typed from being shown, so it is there before the question is.
  const reader = createInterface({ input: process.stdin, output: hidden ? sink : process.stderr, terminal: true });
  if (hidden) process.stderr.write(question);
  const answer = await reader.question(hidden ? '' : question);
  reader.close();
  if (hidden) process.stderr.write('\n');
  return answer;
}
