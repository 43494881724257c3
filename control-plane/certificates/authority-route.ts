import type { Store } from '../store/store.ts';
import { internalAuthorityPem } from './internal-authority.ts';

/** Answers requests, told by the listener where they come from. */
type Fetch = (request: Request, env?: unknown) => Response | Promise<Response>;

const PATH = '/internal-authority.pem';

/**
 * Puts the certificate of the installation's own authority before the pages. Whoever wants to trust it need not sign
 * in: it is public, as every certificate is.
 */
export function withAuthorityRoute(store: Pick<Store, 'db' | 'secrets'>, pages: { fetch: Fetch }): { fetch: Fetch } {
  return {
    fetch: (request, env) => {
      const asked = new URL(request.url).pathname === PATH && (request.method === 'GET' || request.method === 'HEAD');
      return asked ? answer(store) : pages.fetch(request, env);
    },
  };
}

async function answer(store: Pick<Store, 'db' | 'secrets'>): Promise<Response> {
  const pem = await internalAuthorityPem(store);
  if (pem === undefined)
    return new Response('No domain has a certificate of its own authority yet.\n', { status: 404 });
  const name = 'attachment; filename="berth-internal-authority.pem"';
  return new Response(pem, { headers: { 'content-type': 'application/x-pem-file', 'content-disposition': name } });
}
