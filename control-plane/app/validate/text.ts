const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
const CONTROL_EXCEPT_NEWLINE = /[\p{Cf}\p{Cs}\u2028\u2029\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u;

/** One line of free text: no control, format or surrogate characters, at most `max` characters. */
export function lineFault(text: string, max: number): string | undefined {
  if ([...text].length > max) return `must have at most ${max} characters`;
  return CONTROL.test(text) ? 'must not contain control or invisible characters' : undefined;
}

/** Free text of several lines. */
export function textFault(text: string, max: number): string | undefined {
  if ([...text].length > max) return `must have at most ${max} characters`;
  return CONTROL_EXCEPT_NEWLINE.test(text) ? 'must not contain control or invisible characters' : undefined;
}

/** Required text of a fixed shape; `shape` is anchored and says what right is in `description`. */
export function shapeFault(text: string, shape: RegExp, description: string): string | undefined {
  if (text === '') return 'is required';
  return shape.test(text) ? undefined : description;
}

/** An identifier or name that is looked up: required, short, printable. */
export function referenceFault(text: string): string | undefined {
  if (text === '') return 'is required';
  return lineFault(text, 320);
}
