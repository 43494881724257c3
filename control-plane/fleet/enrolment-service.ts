import { randomUUID } from 'node:crypto';
import type { EnrolmentService } from '@berth/proto/agent/v1/enrolment_pb.js';
import { currentRequestId } from '@berth/proto/contract/log-scope.ts';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { invalid } from '../errors.ts';
import { type EnrolmentDeps, enrol } from './enrolment.ts';
import { roleNames } from './roles.ts';

/** What new agents are told about where sessions are held. */
export interface SessionEndpoint {
  /** Host and port of the session listener. */
  sessionAddress: string;
  /** Name to verify in its certificate. */
  serverName: string;
}

/** The Connect implementation of EnrolmentService; its errors are AppErrors, shaped by the listener it is put on. */
export function enrolmentService(deps: EnrolmentDeps & SessionEndpoint): ServiceImpl<typeof EnrolmentService> {
  return {
    async enroll(request) {
      const roles = roleNames(request.roles);
      if (roles.length < request.roles.length) throw invalid([{ field: 'roles', description: 'has an unknown role' }]);
      const { token, csrPem, machineId, hostname } = request;
      const issued = await enrol(deps, {
        token,
        csrPem,
        roles,
        machineId,
        hostname,
        requestId: currentRequestId() ?? `req-${randomUUID()}`,
      });
      return {
        agentId: issued.agentId,
        chainPem: issued.chainPem,
        caBundlePem: issued.bundlePem,
        renewAt: timestampFromMs(issued.renewAt),
        sessionAddress: deps.sessionAddress,
        serverName: deps.serverName,
      };
    },
  };
}
