import type { PveCluster } from './cluster.ts';
import type { SimResponse } from './response.ts';

export const TEST_SECRET = '11111111-1111-4111-8111-111111111111';
export const TEST_TEMPLATE = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';

/** A token that may do what an agent needs. */
export const TEST_TOKEN = {
  id: 'berth@pve!agent',
  secret: TEST_SECRET,
  acl: {
    '/': (
      'VM.Allocate VM.Audit VM.PowerMgmt VM.Config.Disk VM.Config.CPU VM.Config.Memory VM.Config.Network ' +
      'VM.Config.Options Datastore.AllocateSpace Datastore.Audit SDN.Use Sys.Audit'
    ).split(' '),
  },
};

/** The template every test creates from. */
export const TEST_CONTENT = {
  volid: TEST_TEMPLATE,
  content: 'vztmpl',
  format: 'tzst',
  size: 126_515_062,
  ctime: 1_700_000_000,
};

/** One call in process, by the test token. */
export function call(
  cluster: PveCluster,
  method: string,
  path: string,
  form?: Record<string, string>,
): Promise<SimResponse> {
  const headers: Record<string, string> = { authorization: `PVEAPIToken=${TEST_TOKEN.id}=${TEST_SECRET}` };
  if (form) headers['content-type'] = 'application/x-www-form-urlencoded';
  const body = Buffer.from(new URLSearchParams(form ?? {}).toString());
  return cluster.handle({ method, url: `/api2/json${path}`, headers, body });
}

/** The `data` of a call that must succeed. */
export async function data(
  cluster: PveCluster,
  method: string,
  path: string,
  form?: Record<string, string>,
): Promise<unknown> {
  const answer = await call(cluster, method, path, form);
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.statusText} ${answer.body}`);
  return (JSON.parse(answer.body) as { data: unknown }).data;
}
