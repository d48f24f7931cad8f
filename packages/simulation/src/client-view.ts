import type { Connection } from './connection.ts';
import { askedProviders, denialReason } from './denial-reason.ts';
import type { SimulatedRequest } from './request.ts';
import type {
  SimulatedArrival,
  SimulatedDestination,
  SimulatedPassage,
  Simulation,
} from './simulation.ts';

/** Everything a simulation holds before it is said what the client makes of it. */
export type Decided = Omit<Simulation, 'clientSees' | 'diagnostics'>;

const percent = (value: number): string => `${Math.round(value * 100) / 100} %`;

/** A pod, and its cluster where there are several. */
const podText = ({ pod, clusterId }: Pick<SimulatedArrival, 'pod' | 'clusterId'>): string =>
  clusterId === undefined ? pod : `${pod} in ${clusterId}`;

/** The workloads behind a destination, by their pods: straight, or behind gateways. */
const answerer = (destination: SimulatedDestination): string => {
  const { endpoints, gateways, cluster } = destination;
  if (/^inbound\|/.test(cluster)) return `the app, at ${endpoints[0]?.address ?? 'its own port'}`;
  const behind = gateways.flatMap((one) => one.endpoints);
  const reached = [...endpoints.filter(({ isGateway = false }) => !isGateway), ...behind];
  const names = reached.map((one) => (one.pod === '' ? one.address : podText(one)));
  const pods = [...new Set(names)];
  const [only = cluster] = pods;
  return pods.length > 1 ? `one of ${pods.join(', ')}` : only;
};

/** What the proxies of a destination make of it: every one lets it in, or says why not. */
const arrivalText = ({ outcome, status, reason }: SimulatedArrival): string => {
  if (outcome === 'answered') return `${status}${reason === '' ? '' : `: ${reason}`}`;
  if (outcome === 'unknown') return `unknown: ${reason}`;
  return outcome === 'refused' ? `503: ${reason}` : '';
};

/** What a gateway on the way makes of it, where that is the end. */
const passageText = ({ outcome, reason }: SimulatedPassage): string =>
  outcome === 'unknown' ? `unknown: ${reason}` : `503: ${reason}`;

/** Providers at the destination have a word in it. */
const afterAsking = ({ arrivals }: SimulatedDestination, answer: string): string => {
  const asked = new Set(arrivals.flatMap(({ security }) => askedProviders(security)));
  return asked.size === 0
    ? answer
    : `what ${[...asked].join(' and ')} decides; if allowed, ${answer}`;
};

const outcomeOf = (destination: SimulatedDestination): string => {
  if (destination.responseFlags.includes('NC')) return '503: there is no such cluster (NC)';
  if (destination.responseFlags.includes('UH')) return '503: no healthy endpoint (UH)';
  const { arrivals, gateways } = destination;
  const stops = gateways.filter(({ outcome }) => outcome !== 'passed');
  const ends = [
    ...arrivals.map((one) => ({ text: arrivalText(one), pod: podText(one) })),
    ...stops.map((one) => ({
      text: passageText(one),
      pod: podText({ ...one, pod: one.pod || one.address }),
    })),
  ];
  if (ends.every(({ text }) => text === '')) {
    return afterAsking(destination, `the answer of ${answerer(destination)}`);
  }
  const texts = [...Map.groupBy(ends, ({ text }) => text)].map(([text, alike]) => {
    const pods = alike.map(({ pod }) => pod).join(', ');
    return text === '' ? `the answer of ${pods}` : `${text} (${pods})`;
  });
  return texts.join(', or ');
};

const throughDestinations = (destinations: readonly SimulatedDestination[]): string => {
  const [first, ...others] = destinations;
  if (first === undefined) return 'nothing: the route has no destination';
  if (others.length === 0) return outcomeOf(first);
  return destinations.map((one) => `${percent(one.percent)} ${outcomeOf(one)}`).join('; ');
};

const failedConnection = (
  { listener, chain, refusal, encrypted }: Connection,
  { scheme }: SimulatedRequest,
): string | undefined => {
  if (refusal !== undefined) return refusal;
  if (listener === undefined) return 'connection refused: nothing listens there';
  if (chain === undefined) return 'a closed connection: no filter chain takes it';
  if (chain.http === undefined) return undefined;
  const isTls = chain.transport.kind === 'tls';
  if (isTls && !encrypted) return 'a closed connection: this port speaks TLS';
  if (!isTls && encrypted) return 'a failed TLS handshake: this port speaks plain HTTP';
  return scheme === 'tcp' ? '400: this port speaks HTTP' : undefined;
};

const tcpView = ({ destinations, security }: Decided): string => {
  const denied = denialReason(security);
  if (denied !== '') return `a closed connection: ${denied}`;
  const [first] = destinations;
  if (destinations.length === 1 && first?.endpoints.length === 0) {
    return `a closed connection: ${first.cluster} has no endpoint`;
  }
  const text = throughDestinations(destinations);
  return text.replaceAll('the answer of', 'a connection to').replaceAll('503:', 'closed:');
};

const ownAnswer = (decided: Decided): string | undefined => {
  const denied = denialReason(decided.security);
  if (denied !== '') return `${decided.status}: ${denied}`;
  const { fault, redirect, directResponse, preflight, responseFlags, status } = decided;
  if (fault?.abort?.percent === 100) return `${fault.abort.status}: an injected fault (FI)`;
  if (preflight) return '200: the answer to a CORS preflight';
  if (redirect !== null) return `${redirect.status} to ${redirect.location}`;
  if (directResponse !== null) {
    const { body } = directResponse;
    return `${directResponse.status}, a direct response${body === '' ? '' : `: ${body}`}`;
  }
  if (responseFlags.includes('NR')) return '404: no route (NR)';
  return responseFlags.includes('DPE') ? `${status}: the path cannot be read` : undefined;
};

/** One line: what comes back, with the alternatives where chance decides. */
export const clientSees = (
  decided: Decided,
  connection: Connection,
  request: SimulatedRequest,
): string => {
  const failure = failedConnection(connection, request);
  if (failure !== undefined) return failure;
  if (connection.chain?.http === undefined) return tcpView(decided);
  const asked = askedProviders(decided.security);
  const own = ownAnswer(decided) ?? throughDestinations(decided.destinations);
  const answer =
    asked.length === 0 ? own : `what ${asked.join(' and ')} decides; if allowed, ${own}`;
  const { fault } = decided;
  const aborted =
    fault?.abort && fault.abort.percent < 100
      ? ` (in ${percent(fault.abort.percent)} of cases ${fault.abort.status}, injected)`
      : '';
  const delayed = fault?.delay
    ? ` after ${fault.delay.ms} ms${fault.delay.percent < 100 ? ` in ${percent(fault.delay.percent)} of cases` : ''}`
    : '';
  return `${answer}${aborted}${delayed}`;
};
