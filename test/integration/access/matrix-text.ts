/** One row of a matrix. */
export interface MatrixRow {
  name: string;
  /** What the policy says of it. */
  note: string;
  endings: readonly string[];
}

/** A matrix as text: numbered columns, explained above, so that every row fits on a line. */
export function matrixText(columns: readonly string[], rows: readonly MatrixRow[]): string {
  const legend = columns.map((title, i) => `${String(i + 1).padStart(3)}  ${title}`);
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const noteWidth = Math.max(...rows.map(({ note }) => note.length));
  const cell = (text: string) => text.padEnd(8);
  const line = (name: string, note: string, cells: readonly string[]) =>
    `${name.padEnd(nameWidth)}  ${note.padEnd(noteWidth)}  ${cells.map(cell).join('')}`.trimEnd();
  const head = line(
    '',
    '',
    columns.map((_, i) => String(i + 1)),
  );
  const body = rows.map(({ name, note, endings }) => line(name, note, endings));
  return `${[...legend, '', head, ...body].join('\n')}\n`;
}
