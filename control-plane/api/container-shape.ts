import { ContainerRole as RoleMessage } from '@berth/proto/api/v1/access_pb.js';
import { type Container, ContainerSchema, ContainerState } from '@berth/proto/api/v1/containers_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { ROLE_MESSAGES } from '../app/access/role-names.ts';
import type { ContainerView } from '../app/containers/container-views.ts';
import { agentState } from '../fleet/agent-state.ts';
import { rolesOf } from '../store/agents.ts';
import { addressState, guestState, nameState, routesState } from './part-states.ts';
import { serviceShape } from './service-shape.ts';
import { conditionShape } from './shapes.ts';

/** Time as far as it decides what is shown; milliseconds since the epoch. */
export interface ShapeTime {
  now: number;
  fleetStartedAt: number;
}

/** A container with how far each of its parts is. */
export function containerShape(view: ContainerView, time: ShapeTime): Container {
  const { container, site, node } = view;
  return create(ContainerSchema, {
    id: container.id,
    site: site.id,
    hostname: container.hostname,
    template: container.template,
    cores: container.cores,
    memoryMib: container.memory_mib,
    diskGib: container.disk_gib,
    description: container.description,
    node: node.id,
    services: view.services.map((service) => serviceShape(service, view)),
    owner: view.owner,
    state: stateOf(view, time),
    vmid: container.vmid,
    mac: container.mac,
    address: container.address,
    fqdn: `${container.hostname}.${site.internal_domain}`,
    addressState: addressState(view),
    nameState: nameState(view),
    routesState: routesState(view),
    guestState: guestState(view),
    conditions: view.conditions.map(conditionShape),
    activeOperation: container.active_operation_id ?? '',
    createdAt: timestampFromMs(container.created_at),
    updatedAt: timestampFromMs(container.updated_at),
    myRole: view.role ? ROLE_MESSAGES[view.role] : RoleMessage.UNSPECIFIED,
  });
}

function stateOf({ container, node, guest, agents }: ContainerView, time: ShapeTime): ContainerState {
  if (container.phase === 'creating') return ContainerState.CREATING;
  if (container.phase === 'deleting') return ContainerState.DELETING;
  const proxmox = agents.filter((agent) => rolesOf(agent).includes('proxmox'));
  const agent = proxmox.find(({ id }) => id === node.agent_id) ?? proxmox[0];
  const heard = agent && agentState(agent, time.now, time.fleetStartedAt) !== 'unknown';
  if (!guest || !heard) return ContainerState.UNKNOWN;
  if (guest.exists_on_node !== 1) return ContainerState.MISSING;
  return guest.power === 'running' ? ContainerState.RUNNING : ContainerState.STOPPED;
}
