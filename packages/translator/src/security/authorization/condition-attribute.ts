import type { Permission, Principal } from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import {
  destinationAddressTests,
  filterMetadataTests,
  portTests,
  serverNameTests,
} from './operation-tests.ts';
import type { TestBuilder } from './requirement.ts';
import {
  claimTests,
  namespaceTests,
  principalTests,
  remoteAddressTests,
  requestHeaderTests,
  requestPrincipalTests,
  serviceAccountTests,
  sourceAddressTests,
  trustDomainTests,
} from './source-tests.ts';

/** What the key of a `when` is about: the request or its sender. */
export type ConditionAttribute =
  | { readonly kind: 'operation'; readonly build: TestBuilder<Permission> }
  | { readonly kind: 'source'; readonly build: TestBuilder<Principal> };

const operation = (build: TestBuilder<Permission>): ConditionAttribute => ({
  kind: 'operation',
  build,
});
const source = (build: TestBuilder<Principal>): ConditionAttribute => ({ kind: 'source', build });

const attributes: Readonly<Record<string, ConditionAttribute>> = {
  'source.ip': source(sourceAddressTests),
  'remote.ip': source(remoteAddressTests),
  'source.namespace': source(namespaceTests),
  'source.principal': source(principalTests),
  'source.serviceAccount': source(serviceAccountTests),
  'source.trustDomain': source(trustDomainTests),
  'request.auth.principal': source(requestPrincipalTests),
  'request.auth.audiences': source(claimTests(['aud'])),
  'request.auth.presenter': source(claimTests(['azp'])),
  'destination.ip': operation(destinationAddressTests),
  'destination.port': operation(portTests),
  'connection.sni': operation(serverNameTests),
};

/** Names of fields (RFC 9110 tokens) and pseudo headers: any other makes a proxy refuse the listener. */
const headerKey = /^request\.headers\[(:?[!#$%&'*+.^_`|~0-9A-Za-z-]+)\]$/;
const claimKey = /^request\.auth\.claims((?:\[[^\]]+\])+)$/;
const filterKey = /^experimental\.(envoy\.filters\.[^[]+)\[(.+)\]$/;

/** `request.headers[x]`, `request.auth.claims[a][b]`, `source.ip` and so on; undefined: no such attribute. */
export const conditionAttribute = (key: string): ConditionAttribute | undefined => {
  const header = headerKey.exec(key)?.[1];
  if (header !== undefined) return source(requestHeaderTests(header.toLowerCase()));
  const claims = claimKey.exec(key)?.[1];
  if (claims !== undefined) return source(claimTests(claims.slice(1, -1).split('][')));
  const [, filter, name] = filterKey.exec(key) ?? [];
  if (filter !== undefined && name !== undefined) {
    return operation(filterMetadataTests(filter, name));
  }
  return Object.hasOwn(attributes, key) ? attributes[key] : undefined;
};
