import { expect, test } from 'vitest';
import { commandName, commandsOf, misuse } from './command-lines.ts';

test('a script is taken apart into its commands', () => {
  const script =
    "sudo A=1 berth user list | grep 'a b' # why\nberth key add \\\n  x.pub && tee f <<'END'\nberth nonsense\nEND\n";
  expect(commandsOf(script)).toEqual([
    ['berth', 'user', 'list'],
    ['grep', 'a b'],
    ['berth', 'key', 'add', 'x.pub'],
    ['tee', 'f'],
  ]);
});

test.each([
  ['berth container list -o json', undefined],
  ['berth container get lab/web1', undefined],
  ['berth container get', 'takes 1 to 1'],
  ['berth container list --colour', 'no option --colour'],
  ['berth contaner list', 'no command contaner'],
  ['berth-agent run --config /etc/berth/agent.json', undefined],
  ['ls --colour', undefined],
])('%s: %s', (line, reason) => {
  expect(misuse(line.split(' '))).toEqual(reason === undefined ? undefined : expect.stringContaining(reason));
});

test('a command is known by its sub-commands', () => {
  expect(commandName(['berth', 'site', 'create', 'office', '--network', 'x'])).toBe('berth site create');
  expect(commandName(['apt', 'install', './berth.deb'])).toBe('apt install');
});
