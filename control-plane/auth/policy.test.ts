import * as agents from '@berth/proto/api/v1/agents_pb.js';
import * as auth from '@berth/proto/api/v1/auth_pb.js';
import * as containers from '@berth/proto/api/v1/containers_pb.js';
import * as nodes from '@berth/proto/api/v1/nodes_pb.js';
import * as operations from '@berth/proto/api/v1/operations_pb.js';
import * as services from '@berth/proto/api/v1/services_pb.js';
import * as sites from '@berth/proto/api/v1/sites_pb.js';
import { expect, it } from 'vitest';
import { policy } from './policy.ts';

it('has a row for every RPC and no other', () => {
  const all = [
    auth.AuthService,
    sites.SitesService,
    nodes.NodesService,
    agents.AgentsService,
    services.ServicesService,
    containers.ContainersService,
    operations.OperationsService,
  ];
  const rpcs = all.flatMap((service) => service.methods.map((method) => `${service.name}.${method.name}`));
  expect(Object.keys(policy).sort()).toEqual(rpcs.sort());
});
