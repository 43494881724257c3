import type { NodesService } from '@berth/proto/api/v1/nodes_pb.js';
import { GetNodeRequestSchema } from '@berth/proto/api/v1/nodes_pb.js';
import type { SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { GetSiteRequestSchema } from '@berth/proto/api/v1/sites_pb.js';
import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { Caller } from '../app/caller.ts';
import { getNode, listNodes } from '../app/nodes/read-nodes.ts';
import { createNode, deleteNodeVerb, updateNodeVerb } from '../app/nodes/write-nodes.ts';
import { getSite, listSites } from '../app/sites/read-sites.ts';
import { createSite, deleteSiteVerb, updateSiteVerb } from '../app/sites/write-sites.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { nodeShape, siteShape } from './shapes.ts';

/** Sites. */
export function siteHandlers({ app }: ApiDeps): ServiceImpl<typeof SitesService> {
  const answer = async (caller: Caller, site: string) => ({
    site: siteShape(await getSite(app, caller, create(GetSiteRequestSchema, { site }))),
  });
  return {
    createSite: async (request, context) => {
      const caller = callerOf(context);
      return answer(caller, await createSite(app, caller, request));
    },
    getSite: async (request, context) => ({ site: siteShape(await getSite(app, callerOf(context), request)) }),
    async listSites(request, context) {
      const { rows, nextPageToken } = await listSites(app, callerOf(context), request);
      return { sites: rows.map(siteShape), nextPageToken };
    },
    updateSite: async (request, context) => {
      const caller = callerOf(context);
      return answer(caller, await updateSiteVerb(app, caller, request));
    },
    async deleteSite(request, context) {
      await deleteSiteVerb(app, callerOf(context), request);
      return {};
    },
  };
}

/** Nodes. */
export function nodeHandlers({ app }: ApiDeps): ServiceImpl<typeof NodesService> {
  const answer = async (caller: Caller, node: string) => ({
    node: nodeShape(await getNode(app, caller, create(GetNodeRequestSchema, { node }))),
  });
  return {
    createNode: async (request, context) => {
      const caller = callerOf(context);
      return answer(caller, await createNode(app, caller, request));
    },
    getNode: async (request, context) => ({ node: nodeShape(await getNode(app, callerOf(context), request)) }),
    async listNodes(request, context) {
      const { rows, nextPageToken } = await listNodes(app, callerOf(context), request);
      return { nodes: rows.map(nodeShape), nextPageToken };
    },
    updateNode: async (request, context) => {
      const caller = callerOf(context);
      return answer(caller, await updateNodeVerb(app, caller, request));
    },
    async deleteNode(request, context) {
      await deleteNodeVerb(app, callerOf(context), request);
      return {};
    },
  };
}
