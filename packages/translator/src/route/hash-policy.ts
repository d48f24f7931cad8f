import { create } from '@bufbuild/protobuf';
import {
  type RouteAction_HashPolicy,
  RouteAction_HashPolicySchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { optionalDuration } from '../envoy/duration.ts';
import type { ConsistentHash } from '../input/traffic-policy.ts';

/** What a request is hashed by, from the destination's DestinationRule. Empty when nothing is set. */
export const hashPolicy = (hash: ConsistentHash | undefined): RouteAction_HashPolicy[] => {
  const source = hash && sourceOf(hash);
  return source === undefined
    ? []
    : [create(RouteAction_HashPolicySchema, { policySpecifier: source, terminal: false })];
};

const sourceOf = (hash: ConsistentHash) => {
  if (hash.httpHeaderName) {
    return { case: 'header', value: { headerName: hash.httpHeaderName } } as const;
  }
  if (hash.httpCookie !== undefined) {
    const { name = '', path = '', ttl } = hash.httpCookie;
    const attributes = hash.httpCookie.attributes.map((attribute) => ({
      name: attribute.name ?? '',
      value: attribute.value ?? '',
    }));
    const lifetime = optionalDuration(ttl);
    const value = { name, path, attributes, ...(lifetime && { ttl: lifetime }) };
    return { case: 'cookie', value } as const;
  }
  if (hash.useSourceIp === true) {
    return { case: 'connectionProperties', value: { sourceIp: true } } as const;
  }
  return hash.httpQueryParameterName
    ? ({ case: 'queryParameter', value: { name: hash.httpQueryParameterName } } as const)
    : undefined;
};
