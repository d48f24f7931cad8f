import { fieldPath } from '../../schema/field-path.ts';
import type {
  AuthorizationCondition,
  AuthorizationOperation,
  AuthorizationPolicySpec,
  AuthorizationRule,
  AuthorizationSource,
} from '../authorization-policy.ts';
import type { PeerAuthenticationSpec } from '../peer-authentication.ts';
import type { JwtRule, RequestAuthenticationSpec } from '../request-authentication.ts';
import {
  checkDuration,
  checkHeaderName,
  checkPort,
  checkSelectorLabels,
  checkSubnets,
} from './field.ts';
import {
  conflict,
  doubtful,
  type Findings,
  forEachItem,
  ifPresent,
  invalid,
  missing,
} from './finding.ts';

/** A PeerAuthentication: port settings need a selector. */
export const checkPeerAuthentication = (spec: PeerAuthenticationSpec): Findings => {
  const { selector, portLevelMtls } = spec;
  const ports = Object.keys(portLevelMtls ?? {});
  const labels = Object.keys(selector?.matchLabels ?? {});
  return [
    ...checkSelectorLabels(selector?.matchLabels, 'spec.selector.matchLabels'),
    ...(ports.length > 0 && labels.length === 0
      ? [missing('spec.selector', 'port level mTLS requires a selector with labels')]
      : []),
    ...(portLevelMtls !== undefined && ports.length === 0
      ? [missing('spec.portLevelMtls', 'port level mTLS must name at least one port')]
      : []),
    ...ports.flatMap((port) => {
      const path = fieldPath('spec.portLevelMtls', port);
      return /^\d+$/.test(port)
        ? checkPort(Number(port), path)
        : [invalid(path, `"${port}" is not a port number`)];
    }),
  ];
};

const checkKeySet = ({ jwksUri, jwks_uri, jwks }: JwtRule, path: string): Findings => {
  const uri = jwksUri ?? jwks_uri;
  const field = jwksUri === undefined ? 'jwks_uri' : 'jwksUri';
  if (uri !== undefined && !/^https?:\/\/[^\s/]+/.test(uri))
    return [invalid(`${path}.${field}`, `"${uri}" must be an http:// or https:// URL`)];
  if (jwks === undefined || jwks === '') return [];
  try {
    JSON.parse(jwks);
    return [];
  } catch {
    return [invalid(`${path}.jwks`, 'must be a JSON Web Key Set in JSON')];
  }
};

const checkJwtRule = (rule: JwtRule, path: string): Findings => [
  ...(rule.issuer ? [] : [missing(`${path}.issuer`, 'issuer must not be empty')]),
  ...forEachItem(rule.audiences, `${path}.audiences`, (audience, at) =>
    audience === '' ? [missing(at, 'audience must not be empty')] : [],
  ),
  ...checkKeySet(rule, path),
  ...forEachItem(rule.fromHeaders, `${path}.fromHeaders`, ({ name }, at) =>
    checkHeaderName(name, `${at}.name`),
  ),
  ...forEachItem(rule.outputClaimToHeaders, `${path}.outputClaimToHeaders`, ({ header }, at) =>
    checkHeaderName(header, `${at}.header`),
  ),
  ...checkDuration(rule.timeout, `${path}.timeout`),
];

/** A RequestAuthentication: issuers, key sets, header names. */
export const checkRequestAuthentication = (spec: RequestAuthenticationSpec): Findings => [
  ...checkSelectorLabels(spec.selector?.matchLabels, 'spec.selector.matchLabels'),
  ...forEachItem(spec.jwtRules, 'spec.jwtRules', checkJwtRule),
];

/** Every list that is given must have values, and none of them empty. */
const checkLists = (value: object, path: string): Findings =>
  Object.entries(value).flatMap(([field, list]) => {
    const at = `${path}.${field}`;
    if (!Array.isArray(list)) return [];
    if (list.length === 0) return [missing(at, 'must not be an empty list: leave it out')];
    return list.includes('') ? [invalid(at, 'must not contain an empty value')] : [];
  });

const checkSource = (source: AuthorizationSource, path: string): Findings => {
  const found = [...checkLists(source, path)];
  if (Object.keys(source).length === 0)
    found.push(missing(path, 'source must have at least one field'));
  const accounts = source.serviceAccounts ?? source.notServiceAccounts;
  const names = source.namespaces ?? source.notNamespaces;
  if (accounts !== undefined && (names ?? source.principals ?? source.notPrincipals) !== undefined)
    found.push(conflict(path, 'serviceAccounts cannot be combined with namespaces or principals'));
  for (const field of ['ipBlocks', 'notIpBlocks', 'remoteIpBlocks', 'notRemoteIpBlocks'] as const)
    found.push(...checkSubnets(source[field], `${path}.${field}`));
  return found;
};

const checkOperation = (operation: AuthorizationOperation, path: string): Findings => {
  const found = [...checkLists(operation, path)];
  if (Object.keys(operation).length === 0)
    found.push(missing(path, 'operation must have at least one field'));
  for (const field of ['ports', 'notPorts'] as const)
    found.push(
      ...forEachItem(operation[field], `${path}.${field}`, (port, at) =>
        /^\d+$/.test(port)
          ? checkPort(Number(port), at)
          : [invalid(at, `"${port}" is not a port number`)],
      ),
    );
  return found;
};

const exactKeys: ReadonlySet<string> = new Set([
  'source.ip',
  'remote.ip',
  'source.namespace',
  'source.principal',
  'source.serviceAccount',
  'source.trustDomain',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'destination.ip',
  'destination.port',
  'connection.sni',
]);

const keyedPrefixes = ['request.headers', 'request.auth.claims', 'experimental.envoy.filters.'];

const checkCondition = (condition: AuthorizationCondition, path: string): Findings => {
  const { key, values = [], notValues = [] } = condition;
  const found = [];
  const keyed = keyedPrefixes.some((prefix) => key.startsWith(prefix) && key.endsWith(']'));
  const known = exactKeys.has(key) || keyed || key.startsWith('experimental.envoy.filters.');
  if (!known) found.push(invalid(`${path}.key`, `unknown attribute "${key}"`));
  if (values.length === 0 && notValues.length === 0)
    found.push(missing(`${path}.values`, 'a condition must have values or notValues'));
  return found;
};

const checkRule = (rule: AuthorizationRule, path: string): Findings => [
  ...(rule.from?.length === 0 ? [missing(`${path}.from`, 'must not be an empty list')] : []),
  ...(rule.to?.length === 0 ? [missing(`${path}.to`, 'must not be an empty list')] : []),
  ...forEachItem(rule.from, `${path}.from`, ({ source }, at) =>
    source === undefined
      ? [missing(`${at}.source`, 'must be set')]
      : checkSource(source, `${at}.source`),
  ),
  ...forEachItem(rule.to, `${path}.to`, ({ operation }, at) =>
    operation === undefined
      ? [missing(`${at}.operation`, 'must be set')]
      : checkOperation(operation, `${at}.operation`),
  ),
  ...forEachItem(rule.when, `${path}.when`, checkCondition),
];

const checkAction = ({ action, provider, rules }: AuthorizationPolicySpec): Findings => {
  if (action === 'CUSTOM') {
    const named = provider?.name ? [] : [missing('spec.provider.name', 'CUSTOM needs a provider')];
    return rules === undefined
      ? [...named, doubtful('spec.rules', 'CUSTOM without rules is never triggered')]
      : named;
  }
  const extra = ifPresent(provider, () => [
    conflict('spec.provider', 'only action CUSTOM has a provider'),
  ]);
  return action === 'DENY' && rules === undefined
    ? [...extra, doubtful('spec.rules', 'DENY without rules denies nothing')]
    : extra;
};

/** An AuthorizationPolicy: no empty rule parts, known attributes, a provider for CUSTOM. */
export const checkAuthorizationPolicy = (spec: AuthorizationPolicySpec): Findings => [
  ...checkSelectorLabels(spec.selector?.matchLabels, 'spec.selector.matchLabels'),
  ...checkAction(spec),
  ...forEachItem(spec.rules, 'spec.rules', checkRule),
];
