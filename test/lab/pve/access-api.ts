import { type Handlers, text } from './call.ts';

const CATEGORIES: Record<string, RegExp> = {
  access: /^(?:User\.|Group\.|Permissions\.)/,
  dc: /^(?:Sys\.Audit|Sys\.Modify|SDN\.)/,
  mapping: /^(?:Mapping\.|Permissions\.)/,
  nodes: /^(?:Sys\.|Permissions\.)/,
  sdn: /^(?:SDN\.|Permissions\.)/,
  storage: /^(?:Datastore\.|Permissions\.)/,
  vms: /^(?:VM\.|Permissions\.)/,
};

const granted = (privileges: Iterable<string>): Record<string, number> =>
  Object.fromEntries([...privileges].toSorted().map((privilege) => [privilege, 1]));

export const accessHandlers: Handlers = {
  'POST /access/ticket': (call) => {
    const realm = text(call.params, 'realm');
    const name = String(call.params.username);
    const { ticket, csrf, identity } = call.sim.access.login(
      realm === undefined ? name : `${name}@${realm}`,
      String(call.params.password),
    );
    const held = [...call.sim.permissions.on(identity, '/')];
    const cap = Object.entries(CATEGORIES).map(([category, pattern]) => [
      category,
      granted(held.filter((privilege) => pattern.test(privilege))),
    ]);
    return { data: { username: identity.id, ticket, CSRFPreventionToken: csrf, cap: Object.fromEntries(cap) } };
  },
  'GET /access/permissions': (call) => {
    const on = (path: string): Record<string, number> => granted(call.sim.permissions.on(call.identity, path));
    const path = text(call.params, 'path');
    if (path !== undefined) return { data: { [path]: on(path) } };
    const nodes = [...call.sim.nodes.keys()].map((node) => `/nodes/${node}`);
    const storages = call.sim.storages.all().map(({ id }) => `/storage/${id}`);
    const vms = call.sim.guests.all().map(({ vmid }) => `/vms/${vmid}`);
    const common = ['/', '/access', '/nodes', '/pool', '/sdn', '/storage', '/vms'];
    const paths = new Set([...common, ...nodes, ...storages, ...vms, ...Object.keys(call.identity.acl)]);
    const rows = [...paths].map((known) => [known, on(known)] as const);
    return { data: Object.fromEntries(rows.filter(([, privileges]) => Object.keys(privileges).length > 0)) };
  },
};
