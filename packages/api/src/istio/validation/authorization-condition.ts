import type { AuthorizationCondition } from '../authorization-policy.ts';
import { checkHeaderName, checkSubnets } from './field.ts';
import { type Findings, forEachItem, invalid, missing } from './finding.ts';

const plainKeys: ReadonlySet<string> = new Set([
  'source.namespace',
  'source.principal',
  'source.serviceAccount',
  'source.trustDomain',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'connection.sni',
]);
const addressKeys: ReadonlySet<string> = new Set(['source.ip', 'remote.ip', 'destination.ip']);
const bracketKeys = ['request.headers', 'request.auth.claims', 'experimental.envoy.filters.'];

const replaced: Readonly<Record<string, string>> = {
  'destination.namespace': "is the policy's own namespace",
  'destination.name': 'is no longer supported: use a selector',
  'destination.user': 'is no longer supported: use a selector',
};

/** Port numbers as text. */
export const checkPorts = (ports: readonly string[] | undefined, path: string): Findings =>
  forEachItem(ports, path, (port, at) =>
    /^\d{1,5}$/.test(port) && Number(port) <= 65_535
      ? []
      : [invalid(at, `"${port}" is not a port number`)],
  );

const headerKey = /^request\.headers\[([^\]]+)\]$/;

/** `a[b]`, also `a[b][c]`; nothing between the brackets is no name. */
const checkBracketKey = (key: string, path: string): Findings => {
  const header = headerKey.exec(key)?.[1];
  if (header !== undefined) return checkHeaderName(header, path);
  return /^[^[]+(\[[^\]]+\])+$/.test(key)
    ? []
    : [invalid(path, `"${key}" should have the form ${key.split('[')[0]}[NAME]`)];
};

const checkKey = (key: string, path: string): Findings => {
  if (key === '') return [missing(path, 'a condition needs the attribute it is about')];
  const instead = Object.hasOwn(replaced, key) ? replaced[key] : undefined;
  if (instead !== undefined) return [invalid(path, `attribute "${key}" ${instead}`)];
  if (key.startsWith('destination.labels'))
    return [invalid(path, `attribute "${key}" is replaced by the selector`)];
  if (plainKeys.has(key) || addressKeys.has(key) || key === 'destination.port') return [];
  return bracketKeys.some((prefix) => key.startsWith(prefix))
    ? checkBracketKey(key, path)
    : [invalid(path, `unknown attribute "${key}"`)];
};

const checkValues = (
  key: string,
  values: readonly string[] | undefined,
  path: string,
): Findings => {
  const empty = forEachItem(values, path, (value, at) =>
    value === '' ? [invalid(at, 'must not be empty')] : [],
  );
  if (empty.length > 0) return empty;
  if (addressKeys.has(key)) return checkSubnets(values, path);
  return key === 'destination.port' ? checkPorts(values, path) : [];
};

/** One entry of `when`: a known attribute, and values of its kind. */
export const checkCondition = (condition: AuthorizationCondition, path: string): Findings => {
  const { key, values, notValues } = condition;
  return [
    ...checkKey(key, `${path}.key`),
    ...((values ?? []).length + (notValues ?? []).length === 0
      ? [missing(`${path}.values`, 'a condition must have values or notValues')]
      : []),
    ...checkValues(key, values, `${path}.values`),
    ...checkValues(key, notValues, `${path}.notValues`),
  ];
};
