import type { NginxConfig } from './config.ts';
import { htmlText } from './escape.ts';

/** Response header that tells a page of nginx's own from one of the guest's; the probe looks for it. */
export const ERROR_HEADER = 'X-Berth-Error';

/** Values of the header. */
export type BerthError = 'not_found' | 'bad_gateway' | 'gateway_timeout';

/** Named locations that answer with the error pages. */
export function errorLocations(texts: NginxConfig['texts']): string {
  return [
    location('not_found', 404, 'Not found', texts.notFound),
    location('bad_gateway', 502, 'Bad gateway', texts.badGateway),
    location('gateway_timeout', 504, 'Gateway time-out', texts.gatewayTimeout),
  ].join('\n');
}

function location(error: BerthError, status: number, title: string, text: string): string {
  return `location @${error} {
  internal;
  default_type "text/html; charset=utf-8";
  add_header ${ERROR_HEADER} ${error} always;
  add_header Cache-Control no-store always;
  return ${status} "${page(status, title, text)}";
}`;
}

function page(status: number, title: string, text: string): string {
  return (
    `<!doctype html><html lang='en'><meta charset='utf-8'>` +
    `<meta name='viewport' content='width=device-width'><title>${title}</title>` +
    `<body style='font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem'>` +
    `<h1>${status} ${title}</h1><p>${htmlText(text)}</p></body></html>\n`
  );
}
