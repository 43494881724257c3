import { writeFile } from 'node:fs/promises';

/** One file of an archive; its name has at most 16 characters. */
export interface ArMember {
  name: string;
  content: Buffer;
}

/** Writes an archive as deb(5) wants it: plain names, root's files, one time. @param epoch seconds */
export async function writeAr(file: string, members: readonly ArMember[], epoch: number): Promise<void> {
  const parts = members.flatMap(({ name, content }) => [
    Buffer.from(header(name, content.length, epoch)),
    content,
    Buffer.from(content.length % 2 === 1 ? '\n' : ''),
  ]);
  await writeFile(file, Buffer.concat([Buffer.from('!<arch>\n'), ...parts]));
}

function header(name: string, size: number, epoch: number): string {
  const fields: [text: string | number, width: number][] = [
    [name, 16],
    [epoch, 12],
    [0, 6],
    [0, 6],
    ['100644', 8],
    [size, 10],
  ];
  return `${fields.map(([text, width]) => String(text).padEnd(width)).join('')}\`\n`;
}
