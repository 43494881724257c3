/** The pages of nginx's own: one location that answers with whatever the status calls for. */

import type { NginxConfig } from './config.ts';
import { htmlText } from './escape.ts';

/** Response header that tells a page of nginx's own from one of the guest's; the probe looks for it. */
export const ERROR_HEADER = 'X-Berth-Error';

/** Values of the header. */
export type BerthError =
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'too_large'
  | 'too_many_requests'
  | 'internal'
  | 'bad_gateway'
  | 'maintenance'
  | 'gateway_timeout';

type Page = { readonly error: BerthError; readonly title: string; readonly text: keyof NginxConfig['texts'] };

const PAGES: Readonly<Record<number, Page>> = {
  401: { error: 'unauthorized', title: 'Password wanted', text: 'unauthorized' },
  403: { error: 'forbidden', title: 'Forbidden', text: 'forbidden' },
  404: { error: 'not_found', title: 'Not found', text: 'notFound' },
  413: { error: 'too_large', title: 'Too large', text: 'tooLarge' },
  429: { error: 'too_many_requests', title: 'Too many requests', text: 'tooManyRequests' },
  500: { error: 'internal', title: 'Internal error', text: 'internal' },
  502: { error: 'bad_gateway', title: 'Bad gateway', text: 'badGateway' },
  503: { error: 'maintenance', title: 'Under maintenance', text: 'maintenance' },
  504: { error: 'gateway_timeout', title: 'Gateway time-out', text: 'gatewayTimeout' },
};
const MAINTENANCE = 503;
/** Seconds after which to come back, where that is known to help. */
const RETRY_AFTER = { 429: 1, 503: 300 };

/** Statuses that have a page. */
export const BERTH_PAGES: readonly number[] = Object.keys(PAGES).map(Number);

/** The maps behind the location of `pageLocation`. */
export function pageMaps(texts: NginxConfig['texts']): string {
  const rows = Object.entries(PAGES);
  const pages = rows.map(([status, { title, text }]) => [status, `"${page(status, title, htmlText(texts[text]))}"`]);
  const errors = rows.map(([status, { error }]) => [status, error]);
  return [
    statusMap('berth_error', 'internal', errors),
    statusMap('berth_retry_after', '""', Object.entries(RETRY_AFTER)),
    statusMap('berth_page', '""', pages),
  ].join('\n');
}

/** `pages.conf`: what every server has. The status of the page is that of the error that led to it. */
export function pageLocation(): string {
  return `recursive_error_pages on;
error_page ${BERTH_PAGES.join(' ')} @page;
location @page {
  internal;
  default_type "text/html; charset=utf-8";
  add_header ${ERROR_HEADER} $berth_error always;
  add_header Retry-After $berth_retry_after always;
  add_header Cache-Control no-store always;
  return 200 $berth_page;
}
`;
}

/** The lines of a location that answers with the maintenance page. @param html text of it; empty: the usual */
export function maintenancePage(html: string): string[] {
  if (html === '') return [`return ${MAINTENANCE};`];
  const { error, title } = PAGES[MAINTENANCE] as Page;
  return [
    'default_type "text/html; charset=utf-8";',
    `add_header ${ERROR_HEADER} ${error} always;`,
    `add_header Retry-After ${RETRY_AFTER[MAINTENANCE]} always;`,
    'add_header Cache-Control no-store always;',
    `return ${MAINTENANCE} "${page(String(MAINTENANCE), title, html)}";`,
  ];
}

/** An HTML page about a plain text, fit for a string in double quotes. */
export function textPage(status: string, title: string, text: string): string {
  return page(status, title, htmlText(text));
}

function statusMap(variable: string, otherwise: string, rows: readonly (readonly (string | number)[])[]): string {
  const lines = rows.map(([status, value]) => `    ${status} ${value};`);
  return `  map $status $${variable} {\n    default ${otherwise};\n${lines.join('\n')}\n  }`;
}

function page(status: string, title: string, html: string): string {
  return (
    `<!doctype html><html lang='en'><meta charset='utf-8'>` +
    `<meta name='viewport' content='width=device-width'><title>${title}</title>` +
    `<body style='font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem'>` +
    `<h1>${status} ${title}</h1><p>${html}</p></body></html>`
  );
}
