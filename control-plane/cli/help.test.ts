import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram } from './berth.ts';

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

test('the help of every command is as it was last agreed', async () => {
  const help = everyCommand(buildProgram())
    .map((command) => command.configureHelp({ helpWidth: 120 }).helpInformation())
    .join('\n----\n');
  await expect(help).toMatchFileSnapshot('../../test/golden/cli-help.txt');
});

test('every command says what it does', () => {
  const silent = everyCommand(buildProgram()).filter((command) => !command.description());
  expect(silent.map((command) => command.name())).toEqual([]);
});
