import type {
  SimulatedDestination,
  SimulatedEndpoint,
  SimulatedPassage,
  Simulation,
} from '@lateen/simulation';
import { arrivalLines, inCluster, type Line, objectText } from './security-text.ts';

/** Endpoints that are listed by name. */
const maxEndpoints = 5;

type Endpoints = readonly SimulatedEndpoint[];

/** What decides only where it differs, and so is told only then. */
interface Differing {
  readonly localities: boolean;
  readonly weights: boolean;
}

const differingOf = (endpoints: Endpoints): Differing => ({
  localities: new Set(endpoints.map(({ locality = '' }) => locality)).size > 1,
  weights: new Set(endpoints.map(({ weight }) => weight)).size > 1,
});

const endpointText = (endpoint: SimulatedEndpoint, { localities, weights }: Differing): string => {
  const {
    address,
    pod,
    health,
    isGateway = false,
    network,
    locality,
    clusterId,
    weight,
  } = endpoint;
  const leads = network === undefined ? '' : ` of network ${network}`;
  const who = isGateway ? ` gateway${leads}` : pod === '' ? '' : ` ${pod}`;
  const notes = [
    // A cluster that is a region has told it with its name.
    ...(localities && locality !== undefined && locality !== clusterId ? [locality] : []),
    ...(weights ? [`weight ${weight}`] : []),
    ...(health === 'healthy' ? [] : [health]),
  ];
  const noted = notes.length === 0 ? '' : ` (${notes.join(', ')})`;
  return `${address}${who}${inCluster(endpoint)}${noted}`;
};

const listText = (endpoints: Endpoints): string => {
  const differing = differingOf(endpoints);
  const shown = endpoints.slice(0, maxEndpoints).map((one) => endpointText(one, differing));
  const rest = endpoints.length - maxEndpoints;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
};

/** Endpoints that a balancer may choose from, and how. */
export const destinationEndpoints = ({
  endpoints,
  loadBalancing,
}: SimulatedDestination): string => {
  if (endpoints.length === 0) return 'none is healthy: is the workload running and ready?';
  return `${listText(endpoints)}${endpoints.length > 1 ? ` (${loadBalancing})` : ''}`;
};

const passageLines = (passage: SimulatedPassage): readonly Line[] => {
  const { pod, address, serverName, origin, passesTo, destinationRule, endpoints } = passage;
  const { outcome, reason } = passage;
  const name = `${pod === '' ? '' : `${pod}${inCluster(passage)}, at `}${address}`;
  const does = outcome === 'passed' ? ': passes TLS on by its server name, unopened' : '';
  return [
    ['gateway', `${name}${does}`],
    ...(serverName === '' ? [] : [['  name', serverName] as const]),
    ...(origin === null
      ? []
      : [['  by', `${origin.path.slice('spec.'.length)} of ${objectText(origin)}`] as const]),
    ...(passesTo === null ? [] : [['  cluster', passesTo] as const]),
    ...(destinationRule === null ? [] : [['  rule', objectText(destinationRule)] as const]),
    ...(endpoints.length === 0 ? [] : [['  endpoints', listText(endpoints)] as const]),
    ...(reason === '' ? [] : [[`  ${outcome}`, reason] as const]),
  ];
};

/** Indents what another proxy makes of a request. */
const within = (lines: readonly Line[]): readonly Line[] =>
  lines.map(([label, text]) => [`  ${label}`, text]);

/**
 * What becomes of a request behind the caller's proxy: straight, through each gateway that passes its TLS on, and
 * through each that it is sent to, of which `decided` tells what it decides.
 */
export const wayLines = (
  { arrivals, gateways, relays }: SimulatedDestination,
  decided: (simulation: Simulation) => readonly Line[],
): readonly Line[] => [
  ...arrivalLines(arrivals.filter(({ via }) => via === undefined)),
  ...gateways.flatMap((passage) => [
    ...passageLines(passage),
    ...arrivalLines(arrivals.filter(({ via }) => via === passage.address)),
  ]),
  ...relays.flatMap((relay) => [
    ['gateway', `${relay.proxy} (${relay.workload})${inCluster(relay)}`] as const,
    ...within(decided(relay)),
  ]),
];
