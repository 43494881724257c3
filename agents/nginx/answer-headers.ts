import type { CheckedHeader } from './check-headers.ts';
import { ERROR_HEADER } from './error-pages.ts';
import type { Layout } from './layout.ts';

/** What the headers of an answer depend on besides its route. */
export type AnswerFacts = { readonly layout: Layout; readonly altSvc: string | undefined };

/**
 * The lines that put the headers of an answer right. A rule about a header takes the place of what the backend says,
 * and of what nginx would say.
 */
export function answerHeaders(rules: readonly CheckedHeader[], { layout, altSvc }: AnswerFacts): string[] {
  const ruled = new Set(rules.map(({ name }) => name.toLowerCase()));
  const own: CheckedHeader[] = [
    ...(layout.hsts ? [{ name: 'Strict-Transport-Security', value: `$${layout.hsts.variable}` }] : []),
    ...(altSvc === undefined ? [] : [{ name: 'Alt-Svc', value: altSvc }]),
  ].filter(({ name }) => !ruled.has(name.toLowerCase()));
  const hidden = rules.length === 0 ? [] : [ERROR_HEADER, ...rules.map(({ name }) => name)];
  const set = [...own, ...rules].filter(({ value }) => value !== undefined);
  return [
    ...hidden.map((name) => `proxy_hide_header ${name};`),
    ...set.map(({ name, value }) => `add_header ${name} ${value} always;`),
  ];
}
