import type {
  AuthorizationOperation,
  AuthorizationPolicySpec,
  AuthorizationRule,
  AuthorizationSource,
} from '../authorization-policy.ts';
import { checkCondition, checkPorts } from './authorization-condition.ts';
import { checkSubnets } from './field.ts';
import {
  conflict,
  doubtful,
  type Findings,
  forEachItem,
  ifPresent,
  invalid,
  missing,
} from './finding.ts';
import { pathProblem } from './path-template.ts';
import { checkPolicyTarget } from './policy-target.ts';

const lengthOf = (list: unknown): number => (Array.isArray(list) ? list.length : 0);

/** At least one list has values, and none of them is empty. */
const checkLists = (value: object, path: string): Findings => {
  const lists = Object.entries(value);
  if (!lists.some(([, list]) => lengthOf(list) > 0))
    return [missing(path, 'must have at least one field with values')];
  return lists.flatMap(([field, list]) =>
    Array.isArray(list) && list.includes('')
      ? [invalid(`${path}.${field}`, 'must not contain an empty value')]
      : [],
  );
};

const checkServiceAccount = (account: string, path: string): Findings =>
  /^([^/*]+\/)?[^/*]+$/.test(account)
    ? []
    : [invalid(path, `"${account}" must be ACCOUNT or NAMESPACE/ACCOUNT, without wildcards`)];

const checkSource = (source: AuthorizationSource, path: string): Findings => {
  const { serviceAccounts, notServiceAccounts, principals, notPrincipals } = source;
  const { namespaces, notNamespaces } = source;
  const accounts = lengthOf(serviceAccounts) + lengthOf(notServiceAccounts);
  const others = [principals, notPrincipals, namespaces, notNamespaces].map(lengthOf);
  const addresses = ['ipBlocks', 'notIpBlocks', 'remoteIpBlocks', 'notRemoteIpBlocks'] as const;
  return [
    ...checkLists(source, path),
    ...(accounts > 0 && others.some((length) => length > 0)
      ? [conflict(path, 'serviceAccounts cannot be combined with namespaces or principals')]
      : []),
    ...forEachItem(serviceAccounts, `${path}.serviceAccounts`, checkServiceAccount),
    ...forEachItem(notServiceAccounts, `${path}.notServiceAccounts`, checkServiceAccount),
    ...addresses.flatMap((field) => checkSubnets(source[field], `${path}.${field}`)),
  ];
};

const checkPath = (value: string, path: string): Findings => {
  const problem = pathProblem(value);
  return problem === undefined ? [] : [invalid(path, problem)];
};

const checkOperation = (operation: AuthorizationOperation, path: string): Findings => [
  ...checkLists(operation, path),
  ...checkPorts(operation.ports, `${path}.ports`),
  ...checkPorts(operation.notPorts, `${path}.notPorts`),
  ...forEachItem(operation.paths, `${path}.paths`, checkPath),
  ...forEachItem(operation.notPaths, `${path}.notPaths`, checkPath),
];

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

const identityFields = [
  'principals',
  'notPrincipals',
  'requestPrincipals',
  'notRequestPrincipals',
  'namespaces',
  'notNamespaces',
  'serviceAccounts',
  'notServiceAccounts',
  'trustDomains',
  'notTrustDomains',
] as const;

const isIdentityKey = (key: string): boolean =>
  /^source\.(namespace|principal|serviceAccount|trustDomain)$/.test(key) ||
  key.startsWith('request.auth.');

/** CUSTOM asks before anybody is authenticated: its rules cannot go by identities. */
const checkCustomRule = (rule: AuthorizationRule, path: string): Findings => [
  ...forEachItem(rule.from, `${path}.from`, ({ source }, at) =>
    identityFields
      .filter((field) => lengthOf(source?.[field]) > 0)
      .map((field) => invalid(`${at}.source.${field}`, 'is not supported with action CUSTOM')),
  ),
  ...forEachItem(rule.when, `${path}.when`, ({ key }, at) =>
    isIdentityKey(key)
      ? [invalid(`${at}.key`, `"${key}" is not supported with action CUSTOM`)]
      : [],
  ),
];

const checkCustom = ({ provider, rules }: AuthorizationPolicySpec): Findings => [
  ...(provider?.name ? [] : [missing('spec.provider.name', 'CUSTOM needs a provider')]),
  ...(rules === undefined ? [neverTriggered('CUSTOM')] : []),
  ...forEachItem(rules, 'spec.rules', checkCustomRule),
];

const neverTriggered = (action: string) =>
  missing(
    'spec.rules',
    `${action} without rules is never triggered: add an empty rule {} to have it for every request`,
  );

const connectionFields = [
  'principals',
  'notPrincipals',
  'namespaces',
  'notNamespaces',
  'serviceAccounts',
  'notServiceAccounts',
  'trustDomains',
  'notTrustDomains',
  'ipBlocks',
  'notIpBlocks',
  'remoteIpBlocks',
  'notRemoteIpBlocks',
] as const;

/** On TCP ports what only HTTP has is left out, and nothing remains to tell connections apart by. */
const checkDenyRule = ({ from = [], to = [] }: AuthorizationRule, path: string): Findings => {
  const fromConnections = from.some(({ source }) =>
    connectionFields.some((field) => source?.[field] !== undefined),
  );
  const toPorts = to.some(
    ({ operation }) => operation?.ports !== undefined || operation?.notPorts !== undefined,
  );
  const deniesTcp =
    (from.length > 0 && to.length === 0 && !fromConnections) || (to.length > 0 && !toPorts);
  return deniesTcp
    ? [
        doubtful(
          path,
          'denies all connections to TCP ports too, because it names only what HTTP has: name the ports',
        ),
      ]
    : [];
};

const checkAction = (spec: AuthorizationPolicySpec): Findings => {
  const { action, provider, rules } = spec;
  if (action === 'CUSTOM') return checkCustom(spec);
  return [
    ...ifPresent(provider, () => [conflict('spec.provider', 'only action CUSTOM has a provider')]),
    ...(action === 'DENY' && rules === undefined ? [neverTriggered('DENY')] : []),
    ...(action === 'DENY' ? forEachItem(rules, 'spec.rules', checkDenyRule) : []),
  ];
};

/** An AuthorizationPolicy as istiod's webhook checks it. */
export const checkAuthorizationPolicy = (spec: AuthorizationPolicySpec): Findings => [
  ...checkPolicyTarget(spec),
  ...checkAction(spec),
  ...forEachItem(spec.rules, 'spec.rules', checkRule),
];
