/** The CLI reference, made from the programs themselves. */
import type { Command, Option } from 'commander';
import { code, generatedFrom, prose, sentences, table } from './markdown.ts';

/** A page with every command of a program. @param source the file its commands come from */
export function commandPage(program: Command, source: string): string {
  const everything = leaves(program);
  const lines = [
    generatedFrom(source),
    '',
    `# ${program.name()}`,
    '',
    prose(program.description()),
    ...optionLines(program),
    '',
    '## Commands',
    '',
    ...table(
      ['Command', 'What it does'],
      everything.map(([path, command]) => [`[${path}](#${anchorOf(path)})`, prose(command.description())]),
    ),
    ...everything.flatMap(([path, command]) => commandLines(path, command)),
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines(path: string, command: Command): string[] {
  return [
    '',
    `## ${path}`,
    '',
    prose(command.description()),
    '',
    ...usageLines(path, command),
    ...optionLines(command),
  ];
}

function usageLines(path: string, command: Command): string[] {
  return ['```text', `${path} ${command.usage()}`.trim(), '```', ...argumentLines(command)];
}

function argumentLines(command: Command): string[] {
  const described = command.registeredArguments.filter((each) => each.description);
  if (described.length === 0) return [];
  return [
    '',
    ...table(
      ['Argument', 'What'],
      described.map((each) => [code(each.name()), prose(each.description)]),
    ),
  ];
}

function optionLines(command: Command): string[] {
  const shown = command.options.filter((option) => !option.hidden);
  if (shown.length === 0) return [];
  const rows = shown.map((option) => [code(option.flags), meaningOf(option)]);
  return ['', ...table(['Option', 'What'], rows)];
}

function meaningOf({
  description,
  argChoices,
  defaultValue,
  defaultValueDescription,
  envVar,
  mandatory,
}: Option): string {
  const fallback = defaultValueDescription ?? (defaultValue === undefined ? '' : String(defaultValue));
  return sentences([
    prose(description),
    argChoices ? `One of ${argChoices.map(code).join(', ')}` : '',
    fallback === '' ? '' : `Default: ${code(fallback)}`,
    envVar ? `Environment: ${code(envVar)}` : '',
    mandatory ? 'Required' : '',
  ]);
}

/** Every command that does something by itself, whether or not it has others below it. */
function leaves(program: Command): [path: string, command: Command][] {
  const walk = (command: Command, path: string): [string, Command][] => {
    const below = command.commands.flatMap((each) => walk(each, `${path} ${each.name()}`));
    return below.length === 0 || command.registeredArguments.length > 0 ? [[path, command], ...below] : below;
  };
  return walk(program, program.name());
}

function anchorOf(path: string): string {
  return path.toLowerCase().replaceAll(' ', '-');
}
