import { create } from '@bufbuild/protobuf';
import { createResource, type Resource, typeUrls } from '@lateen/xds';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { isSniCluster, parseClusterName } from '../naming/cluster-name.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import { type OutboundClient, outboundClient } from '../push-context/outbound-client.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { pushMemo } from '../push-context/push-memo.ts';
import { destinationRuleFor, sidecarScope } from '../push-context/sidecar-scope.ts';
import { portByNumber } from '../registry/mesh-service.ts';
import { buildLoadAssignment, buildSniAssignment } from './load-assignment.ts';

const assignment = (
  push: PushContext,
  proxy: OutboundClient,
  clusterName: string,
): ClusterLoadAssignment => {
  const name = parseClusterName(clusterName);
  const service = name && sidecarScope(push, proxy).services.get(name.host);
  const port = service && portByNumber(service, name.port);
  if (name === undefined || service === undefined || port === undefined) {
    return create(ClusterLoadAssignmentSchema, { clusterName });
  }
  const rule = destinationRuleFor(push, proxy, service);
  const target = { service, port, subset: name.subset, rule };
  return isSniCluster(clusterName)
    ? buildSniAssignment(push, proxy, { ...target, clusterName })
    : buildLoadAssignment(push, proxy, target);
};

const assignments = pushMemo<Resource<ClusterLoadAssignment>>();

/**
 * One ClusterLoadAssignment for each name asked for. A cluster that is gone gets an empty one: the
 * client that still asks must not wait for ever.
 */
export const buildEndpoints = (
  push: PushContext,
  proxy: ProxyDescriptor,
  clusterNames: readonly string[],
): readonly Resource<ClusterLoadAssignment>[] => {
  const client = outboundClient(push, proxy);
  return clusterNames.map((name) =>
    assignments(push, `${client.key} ${name}`, () =>
      createResource(
        typeUrls.endpoint,
        name,
        ClusterLoadAssignmentSchema,
        assignment(push, client, name),
      ),
    ),
  );
};
