/** Manual pages and shell completion, made from the programs' own help, so that they say the same. */
import { gzipSync } from 'node:zlib';
import type { Command } from 'commander';

/** A manual page (man(7)) of a program with all its commands. @param date as it stands at the foot */
export function manualPage(program: Command, date: string): string {
  const name = program.name();
  const lines = [
    `.TH ${name.toUpperCase()} 1 "${date}" "Berth" "User Commands"`,
    '.SH NAME',
    `${text(name)} \\- ${text(firstSentence(program.description()))}`,
    '.SH SYNOPSIS',
    `.B ${text(name)}`,
    '[OPTIONS] COMMAND',
    '.SH OPTIONS',
    ...optionsOf(program),
    '.SH COMMANDS',
    ...leaves(program).flatMap(([path, command]) => [
      `.SS ${text(`${path} ${usageOf(command)}`)}`,
      text(command.description()),
      ...optionsOf(command),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Compressed as Debian wants it, without a time inside. */
export function compressed(page: string): Buffer {
  const packed = gzipSync(page, { level: 9 });
  packed.writeUInt32LE(0, 4);
  return packed;
}

/** A completion for bash: commands by what stands before, options by what begins with a dash. */
export function bashCompletion(program: Command): string {
  const name = program.name();
  const cases = everyCommand(program).map(([path, command]) => {
    const words = [...command.commands.map((child) => child.name()), ...longOptions(command)];
    return `    ${JSON.stringify(path)}) words=${JSON.stringify(words.join(' '))} ;;`;
  });
  return `# Completion of ${name} for bash.
_${name.replaceAll('-', '_')}() {
  local current=\${COMP_WORDS[COMP_CWORD]} path=${name} word words=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] || path+=" $word"
  done
  case $path in
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _${name.replaceAll('-', '_')} ${name}
`;
}

function everyCommand(command: Command, before = ''): [path: string, command: Command][] {
  const path = `${before}${command.name()}`;
  return [[path, command], ...command.commands.flatMap((child) => everyCommand(child, `${path} `))];
}

function leaves(program: Command): [path: string, command: Command][] {
  return everyCommand(program).filter(([, command]) => command.commands.length === 0 && command !== program);
}

function optionsOf(command: Command): string[] {
  return command.options.flatMap((option) => ['.TP', `.B ${text(option.flags)}`, text(option.description)]);
}

function longOptions(command: Command): string[] {
  return command.options.flatMap((option) => option.long ?? []);
}

function usageOf(command: Command): string {
  return command.registeredArguments.map((each) => (each.required ? `<${each.name()}>` : `[${each.name()}]`)).join(' ');
}

function firstSentence(description: string): string {
  return description.replace(/\.$/, '');
}

/** Text that troff takes for nothing but text. */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(['.])/gm, '\\&$1')
    .replaceAll('\n', ' ');
}
