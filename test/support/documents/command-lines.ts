/** What can be told of a command line without running it: whether the program would understand it. */
import { buildProgram as agentProgram } from '@berth/agents/berth-agent.ts';
import { buildProgram as berthProgram } from '@berth/control-plane/cli/berth.ts';
import type { Command } from 'commander';

const PROGRAMS: Record<string, () => Command> = { berth: berthProgram, 'berth-agent': agentProgram };

/** The commands of a script, each as its words; documents that are read on standard input are left out. */
export function commandsOf(script: string): string[][] {
  const text = script
    .replace(/<<-?'?(\w+)'?(.*)\n[\s\S]*?\n\1$/gm, '$2')
    .replace(/\\\n/g, ' ')
    .replace(/(^|\s)#.*$/gm, '');
  const words = /'[^']*'|"(?:\\.|[^"\\])*"|\$\([^)]*\)|[|&;\n]+|(?:[^\s'"|&;$]|\$(?!\())+/g;
  const commands: string[][] = [[]];
  let joined = -1;
  for (const { 0: found, index } of text.matchAll(words)) {
    const current = commands.at(-1) ?? [];
    if (/^[|&;\n]/.test(found)) commands.push([]);
    else if (index === joined && current.length > 0) current.push(`${current.pop()}${bare(found)}`);
    else current.push(bare(found));
    joined = index + found.length;
  }
  return commands.map(withoutPrefix).filter((command) => command.length > 0);
}

function bare(word: string): string {
  return /^['"]/.test(word) ? word.slice(1, -1) : word;
}

function withoutPrefix(words: string[]): string[] {
  const first = words.findIndex((word) => word !== 'sudo' && !/^\w+=/.test(word));
  return first < 0 ? [] : words.slice(first);
}

/** A command with its sub-commands, e.g. "berth site create", "apt install". */
export function commandName([program = '', ...words]: readonly string[]): string {
  let command = PROGRAMS[program]?.();
  if (!command) return [program, ...words.filter((word) => /^[a-z-]+$/.test(word)).slice(0, 1)].join(' ');
  const names = [program];
  for (const word of words) {
    command = command.commands.find((each) => each.name() === word);
    if (!command) break;
    names.push(word);
  }
  return names.join(' ');
}

/** Why one of our own programs would refuse a command line; undefined when it would not, or the program is another. */
export function misuse([name = '', ...words]: readonly string[]): string | undefined {
  let command = PROGRAMS[name]?.();
  if (!command) return undefined;
  const chain = [command];
  const operands: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (/^[<>]|^\d>/.test(word)) break;
    if (word.startsWith('-') && word !== '-') {
      const option = chain
        .flatMap(({ options }) => options)
        .find(({ long, short }) => [long, short].includes(word.split('=')[0]));
      if (!option && word !== '--help') return `${name} ${chain.at(-1)?.name()} has no option ${word}`;
      const takes = option?.required || (option?.optional && !words[at + 1]?.startsWith('-'));
      if (takes && !word.includes('=')) at++;
      continue;
    }
    const child: Command | undefined =
      operands.length === 0 ? command.commands.find((each) => each.name() === word) : undefined;
    if (!child) {
      operands.push(word);
      continue;
    }
    command = child;
    chain.push(child);
  }
  return wrongOperands(command, operands);
}

function wrongOperands(command: Command, operands: readonly string[]): string | undefined {
  if (command.commands.length > 0 && command.registeredArguments.length === 0)
    return operands[0] ? `there is no command ${operands[0]} of ${command.name()}` : undefined;
  const wanted = command.registeredArguments;
  const least = wanted.filter(({ required }) => required).length;
  const most = wanted.some(({ variadic }) => variadic) ? Number.POSITIVE_INFINITY : wanted.length;
  if (operands.length >= least && operands.length <= most) return undefined;
  return `${command.name()} takes ${least} to ${most} operands, not ${JSON.stringify(operands)}`;
}
