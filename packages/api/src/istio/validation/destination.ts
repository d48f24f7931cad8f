import { isIpAddress } from '../../ip-address.ts';
import type { Destination } from '../destination.ts';
import { checkPort, isDnsLabel, isFqdn } from './field.ts';
import { conflict, duplicate, type Findings, forEachItem, invalid, missing } from './finding.ts';

/** Largest sum of weights: Envoy's weighted clusters count in 32 bits. */
const maxTotalWeight = 4_294_967_295;

/** One service as the target of traffic. */
export const checkDestination = ({ host, subset, port }: Destination, path: string): Findings => {
  const found = [];
  if (host === '*')
    found.push(invalid(`${path}.host`, 'a destination cannot be *: name one service'));
  else if (!isFqdn(host) && !isIpAddress(host))
    found.push(invalid(`${path}.host`, `"${host}" is not a valid service name`));
  if (subset !== undefined && !isDnsLabel(subset))
    found.push(
      invalid(
        `${path}.subset`,
        `"${subset}" is not a valid subset name: use letters, digits and -`,
      ),
    );
  if (port !== undefined && port.number === undefined)
    found.push(missing(`${path}.port.number`, 'a port selector must have a number'));
  return [...found, ...checkPort(port?.number, `${path}.port.number`)];
};

interface Weighted {
  readonly destination: Destination;
  readonly weight?: number;
}

/** The destinations of one route: each valid, no negative weight, and something above zero to choose from. */
export const checkWeightedDestinations = (
  routes: readonly Weighted[] | undefined,
  path: string,
): Findings => {
  const list = routes ?? [];
  const found = forEachItem(list, path, ({ destination, weight = 0 }, at) => [
    ...checkDestination(destination, `${at}.destination`),
    ...(weight < 0
      ? [invalid(`${at}.weight`, `weight ${weight} must not be negative: use 0 to send nothing`)]
      : []),
  ]);
  const total = list.reduce((sum, { weight = 0 }) => sum + Math.max(weight, 0), 0);
  if (list.length > 1 && total === 0)
    return [
      ...found,
      invalid(path, 'total destination weight is 0: give at least one destination a weight'),
    ];
  return total > maxTotalWeight
    ? [...found, invalid(path, `total destination weight ${total} exceeds ${maxTotalWeight}`)]
    : found;
};

const gatewayName = /^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?\/)?[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?$/;
/** Namespace, slash and object name at their longest. */
const maxGatewayReference = 63 + 1 + 253;

/** References to Gateways: `mesh`, `name` or `namespace/name`, each once. */
export const checkGatewayNames = (
  gateways: readonly string[] | undefined,
  path: string,
): Findings =>
  forEachItem(gateways, path, (gateway, at, index) => {
    if (gateways !== undefined && gateways.indexOf(gateway) < index)
      return [duplicate(at, `duplicate gateway "${gateway}"`)];
    return gateway.length <= maxGatewayReference && gatewayName.test(gateway)
      ? []
      : [invalid(at, `"${gateway}" is not "mesh", a Gateway's name, or namespace/name`)];
  });

/** Reports every second field of `names` that is set together with the first. */
export const checkExclusive = (
  value: object,
  path: string,
  [first, ...others]: readonly [string, ...string[]],
): Findings => {
  const set = (name: string): boolean => {
    const field: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
    return Array.isArray(field) ? field.length > 0 : field !== undefined;
  };
  if (!set(first)) return [];
  return others
    .filter(set)
    .map((other) => conflict(`${path}.${other}`, `cannot be combined with ${first}: keep one`));
};
