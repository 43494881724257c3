/** Bad values for the requests about access and the audit; see api-bad-input.table.ts. */
import type { ApiBench } from '@berth/control-plane/api/testing/api-bench.ts';
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { AccessService, ContainerRole } from '@berth/proto/api/v1/access_pb.js';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { type BadInputs, listed, named, PAGE_SIZE, PAGE_TOKEN, REFERENCE, TEXT } from './api-bad-input.values.ts';

type AccessRpc = Extract<Rpc, `${'Access' | 'Audit'}Service.${string}`>;

const LINE = ['a\nb', 'a\0b', 'a\u202eb', 'x'.repeat(5_000)];
const badHolder: Record<string, JsonValue[]> = { 'holder.user': REFERENCE, 'holder.group': REFERENCE };
const holderOutput = ['holder.display_name'];
/** No role that can be given. */
const ROLE = [0, 4, 99];

const filter: JsonObject = { since: '2026-01-01T00:00:00Z' };
const badFilter: Record<string, JsonValue[]> = {
  'filter.user': LINE,
  'filter.action': LINE,
  'filter.object': LINE,
  'filter.site': REFERENCE.slice(1),
  'filter.text': [...LINE, 'x'.repeat(101)],
  'filter.address': LINE,
  'filter.until': ['2026-01-01T00:00:00Z', '1969-01-01T00:00:00Z'],
};

/** Makes what the table's names stand for: a request that waits for the caller's decision. */
export async function seedRequest(bench: ApiBench): Promise<Record<string, string>> {
  const client = await bench.client(AccessService, bench.site.stranger);
  const { request } = await client.requestAccess({ container: 'lab/web1', role: ContainerRole.USER });
  return { request: request?.id ?? '' };
}

/** The part of the table about access. */
export const accessBadInputs: Record<AccessRpc, BadInputs> = {
  'AccessService.ListMembers': {
    good: { container: 'lab/web1' },
    bad: { container: REFERENCE, page_size: PAGE_SIZE, page_token: PAGE_TOKEN },
  },
  'AccessService.WatchMembers': named('container', 'lab/web1'),
  'AccessService.SetMember': {
    good: { container: 'lab/web1', holder: { user: 'olga' }, role: 2 },
    bad: { container: REFERENCE, ...badHolder, role: ROLE },
    free: holderOutput,
  },
  'AccessService.RemoveMember': {
    good: { container: 'lab/web1', holder: { user: 'olga' } },
    bad: { container: REFERENCE, ...badHolder },
    free: holderOutput,
  },
  'AccessService.LeaveContainer': named('container', 'lab/web1'),
  'AccessService.TransferOwnership': {
    good: { container: 'lab/web1', new_owner: 'olga', former_owner_role: 3 },
    bad: { container: REFERENCE, new_owner: ['ada', ...REFERENCE], former_owner_role: ROLE.slice(1) },
  },
  'AccessService.RequestAccess': {
    good: { container: 'lab/elsewhere', role: 2, message: 'please' },
    bad: {
      container: ['lab/', '/web1', 'lab/Web1', 'lab/a.b', 'nowhere/web1', ...REFERENCE],
      role: ROLE,
      message: TEXT,
    },
  },
  'AccessService.ListAccessRequests': { ...listed('container'), free: ['own', 'closed'] },
  'AccessService.DecideAccessRequest': {
    good: { request: '<request>', grant: true },
    bad: { request: REFERENCE, role: ROLE.slice(1), answer: TEXT },
    free: ['grant'],
  },
  'AccessService.WithdrawAccessRequest': {
    good: { request: '<request>' },
    bad: { request: ['<request>', ...REFERENCE] },
  },
  'AccessService.ListSiteAdministrators': {
    good: { site: 'lab' },
    bad: { site: REFERENCE, page_size: PAGE_SIZE, page_token: PAGE_TOKEN },
  },
  'AccessService.AddSiteAdministrator': {
    good: { site: 'lab', holder: { user: 'olga' } },
    bad: { site: REFERENCE, ...badHolder },
    free: holderOutput,
  },
  'AccessService.RemoveSiteAdministrator': {
    good: { site: 'lab', holder: { user: 'olga' } },
    bad: { site: REFERENCE, ...badHolder },
    free: holderOutput,
  },
  'AuditService.ListAuditEntries': {
    good: { filter },
    bad: { ...badFilter, page_size: PAGE_SIZE, page_token: PAGE_TOKEN },
    free: ['filter.since'],
  },
  'AuditService.ExportAudit': { good: { filter }, bad: badFilter, free: ['filter.since'] },
};
