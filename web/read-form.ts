import type { Context } from 'hono';
import type { WebEnv } from './session.ts';

/** Fields of a form by name. */
export type Form = Record<string, string>;

/** Reads a form. Spaces around what was typed go, but for passwords, which are taken as they are. */
export async function readForm(c: Context<WebEnv>): Promise<Form> {
  const body = await c.req.parseBody();
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      const text = typeof value === 'string' ? value : '';
      return [name, name.endsWith('password') ? text : text.trim()];
    }),
  );
}

/** The number in a field; what is no whole number becomes one that the API refuses and names. */
export function numberOf(text: string | undefined): number {
  return /^\d{1,9}$/.test(text ?? '') ? Number(text) : 999_999_999;
}
