import type {
  Principal,
  Principal_Authenticated,
} from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import type { FilterStateMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/filter_state_pb.js';
import type { Findings } from './findings.ts';
import {
  allConditions,
  anyCondition,
  notCondition,
  type PolicyCondition,
  singleCondition,
  someCondition,
} from './policy-condition.ts';
import type { PolicyRequest, TlsPeer } from './policy-request.ts';
import {
  addressTest,
  headerTest,
  metadataTest,
  sourcedMetadataTest,
  unknownCondition,
  urlPathTest,
} from './rbac-condition.ts';
import { compileStringMatch, type StringMatch } from './string-match.ts';

/** `Principal.sourced_metadata`. */
const sourcedMetadataField = 13;

const peerText = (peer: TlsPeer | undefined): string => {
  if (peer === undefined) return 'none (plaintext)';
  const names = [...peer.uriSans, ...peer.dnsSans];
  return names.join(', ') || peer.subject || 'none (no client certificate)';
};

/** Any URI SAN, any DNS SAN, else the subject, as Envoy has it. */
const peerMatches = (peer: TlsPeer, match: StringMatch): boolean => {
  for (const name of peer.uriSans) if (match.matches(name)) return true;
  for (const name of peer.dnsSans) if (match.matches(name)) return true;
  return match.matches(peer.subject);
};

const authenticatedTest = (
  { principalName }: Principal_Authenticated,
  findings: Findings,
  path: string,
): PolicyCondition => {
  const actual = ({ connection }: PolicyRequest): string => peerText(connection.peer);
  if (principalName === undefined) {
    return singleCondition('any peer over TLS', (r) => r.connection.peer !== undefined, actual);
  }
  const match = compileStringMatch(principalName, findings, `${path}.principal_name`);
  return singleCondition(
    `principal ${match.text}`,
    ({ connection: { peer } }) => peer !== undefined && peerMatches(peer, match),
    actual,
  );
};

const filterStateTest = (
  { key, matcher }: FilterStateMatcher,
  findings: Findings,
  path: string,
): PolicyCondition => {
  if (matcher.case !== 'stringMatch') {
    return unknownCondition(findings, path, 'a filter state matcher needs a string match');
  }
  const match = compileStringMatch(matcher.value, findings, `${path}.string_match`);
  return singleCondition(
    `filter state ${key} ${match.text}`,
    (request) => {
      const value = request.filterState(key);
      return value !== undefined && match.matches(value);
    },
    (request) => request.filterState(key) ?? 'absent',
  );
};

const compileSet = (
  ids: readonly Principal[],
  findings: Findings,
  path: string,
): readonly PolicyCondition[] => {
  if (ids.length === 0) findings.error(path, 'FieldRequired', 'at least one id is required');
  return ids.map((id, index) => compilePrincipal(id, findings, `${path}.ids[${index}]`));
};

const readers: Readonly<Record<string, (request: PolicyRequest) => string>> = {
  source_ip: ({ connection }) => connection.sourceAddress,
  direct_remote_ip: ({ connection }) => connection.directRemoteAddress,
  remote_ip: ({ remoteAddress }) => remoteAddress,
};

const noAddress = (): string => '';

const compileAddress = (
  field: 'source_ip' | 'direct_remote_ip' | 'remote_ip',
  range: Parameters<typeof addressTest>[1],
  findings: Findings,
  path: string,
): PolicyCondition =>
  addressTest(field.replaceAll('_', ' '), range, readers[field] ?? noAddress, {
    findings,
    path: `${path}.${field}`,
  });

const compileUnknown = (
  principal: Principal,
  findings: Findings,
  path: string,
): PolicyCondition => {
  const unknown = principal.$unknown;
  const sourced = sourcedMetadataTest(unknown, sourcedMetadataField, findings, path);
  if (sourced !== undefined) return sourced;
  const what = principal.identifier.case ?? unknown?.map(({ no }) => `field ${no}`).join(', ');
  return unknownCondition(findings, path, `principal '${what || 'empty'}' is not known`);
};

/** Compiles whom a policy is about. A form that is not known is an error and matches nobody. */
export function compilePrincipal(
  principal: Principal,
  findings: Findings,
  path: string,
): PolicyCondition {
  const id = principal.identifier;
  switch (id.case) {
    case 'andIds':
      return allConditions(compileSet(id.value.ids, findings, `${path}.and_ids`));
    case 'orIds':
      return someCondition(compileSet(id.value.ids, findings, `${path}.or_ids`));
    case 'notId':
      return notCondition(compilePrincipal(id.value, findings, `${path}.not_id`));
    case 'any':
      return id.value ? anyCondition : unknownCondition(findings, `${path}.any`, 'must be true');
    case 'authenticated':
      return authenticatedTest(id.value, findings, `${path}.authenticated`);
    case 'sourceIp':
      return compileAddress('source_ip', id.value, findings, path);
    case 'directRemoteIp':
      return compileAddress('direct_remote_ip', id.value, findings, path);
    case 'remoteIp':
      return compileAddress('remote_ip', id.value, findings, path);
    case 'header':
      return headerTest(id.value, findings, `${path}.header`);
    case 'urlPath':
      return urlPathTest(id.value, findings, `${path}.url_path`);
    case 'metadata':
      return metadataTest(id.value, 'dynamic', findings, `${path}.metadata`);
    case 'filterState':
      return filterStateTest(id.value, findings, `${path}.filter_state`);
    default:
      return compileUnknown(principal, findings, path);
  }
}
