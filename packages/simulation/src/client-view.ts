import type { Connection } from './connection.ts';
import { askedProviders, denialCause } from './denial-reason.ts';
import type { SimulatedRequest } from './request.ts';
import { type Sentence, say, sayAll } from './sentence.ts';
import type {
  SimulatedArrival,
  SimulatedDestination,
  SimulatedFault,
  SimulatedPassage,
  Simulation,
} from './simulation.ts';

/** Everything a simulation holds before it is said what the client makes of it. */
export type Decided = Omit<Simulation, 'clientSees' | 'clientView' | 'diagnostics'>;

/** Bytes have no statuses: their connections are closed. */
type Speech = 'http' | 'tcp';

const unavailable = 503;

const rounded = (value: number): number => Math.round(value * 100) / 100;

const named = (text: string): Sentence => say('text', { text });

/** A pod, and its cluster where there are several. */
export const sayPod = ({
  pod,
  clusterId,
}: Pick<SimulatedArrival, 'pod' | 'clusterId'>): Sentence =>
  clusterId === undefined ? named(pod) : say('podIn', { pod, cluster: clusterId });

/** What several make of it alike, said once with their names. */
export const sayEnds = (
  ends: readonly { readonly said: Sentence | null; readonly pod: Sentence }[],
  delivered: (who: Sentence) => Sentence,
): Sentence => {
  const alike = Map.groupBy(ends, ({ said }) => JSON.stringify(said));
  const sentences = [...alike.values()].map((group) => {
    const pods = sayAll(
      'names',
      group.map(({ pod }) => pod),
    );
    const said = group[0]?.said ?? null;
    return said === null ? delivered(pods) : say('endsAt', { end: said, pods });
  });
  return sayAll('or', sentences);
};

/** Those whose word comes first. */
const afterAsking = (providers: readonly string[], then: Sentence): Sentence =>
  providers.length === 0
    ? then
    : say('asksFirst', { providers: sayAll('all', providers.map(named)), then });

/** The workloads behind a destination, by their pods: straight, or behind gateways. */
const sayAnswer = (destination: SimulatedDestination, speech: Speech): Sentence => {
  const { endpoints, gateways, cluster } = destination;
  const one = speech === 'http' ? 'answer' : 'connection';
  if (/^inbound\|/.test(cluster)) {
    const address = endpoints[0]?.address;
    const who = address === undefined ? say('ownPort') : say('ownApp', { address });
    return say(one, { who });
  }
  const behind = gateways.flatMap((passage) => passage.endpoints);
  const reached = [...endpoints.filter(({ isGateway = false }) => !isGateway), ...behind];
  const byText = new Map(
    reached.map((endpoint) => {
      const who = endpoint.pod === '' ? named(endpoint.address) : sayPod(endpoint);
      return [JSON.stringify(who), who] as const;
    }),
  );
  const pods = [...byText.values()];
  if (pods.length < 2) return say(one, { who: pods[0] ?? named(cluster) });
  const several = speech === 'http' ? 'answerOfOne' : 'connectionToOne';
  return say(several, { who: sayAll('names', pods) });
};

const sayRefused = (reason: Sentence, speech: Speech): Sentence =>
  speech === 'http' ? say('answered', { status: unavailable, reason }) : say('closed', { reason });

/** What the proxies of a destination make of it; null: they let it in. */
const sayArrival = (
  { outcome, status, cause }: SimulatedArrival,
  speech: Speech,
): Sentence | null => {
  const reason = cause ?? named('');
  if (outcome === 'answered') {
    return cause === null
      ? say('answeredBare', { status: status ?? 0 })
      : say('answered', { status: status ?? 0, reason });
  }
  if (outcome === 'unknown') return say('unknown', { reason });
  return outcome === 'refused' ? sayRefused(reason, speech) : null;
};

/** What a gateway on the way makes of it, where that is the end. */
const sayPassage = ({ outcome, cause }: SimulatedPassage, speech: Speech): Sentence => {
  const reason = cause ?? named('');
  return outcome === 'unknown' ? say('unknown', { reason }) : sayRefused(reason, speech);
};

const sayOutcome = (destination: SimulatedDestination, speech: Speech): Sentence => {
  const { arrivals, gateways, relays, responseFlags } = destination;
  if (responseFlags.includes('NC')) return sayRefused(say('noCluster'), speech);
  if (responseFlags.includes('UH')) return sayRefused(say('noHealthyEndpoint'), speech);
  const stops = gateways.filter(({ outcome }) => outcome !== 'passed');
  const ends = [
    ...arrivals.map((one) => ({ said: sayArrival(one, speech), pod: sayPod(one) })),
    ...stops.map((one) => ({
      said: sayPassage(one, speech),
      pod: sayPod({ ...one, pod: one.pod || one.address }),
    })),
    ...relays.map((one) => ({ said: one.clientView, pod: sayPod({ ...one, pod: one.proxy }) })),
  ];
  if (ends.some(({ said }) => said !== null)) {
    return sayEnds(ends, (who) => say(speech === 'http' ? 'answer' : 'connection', { who }));
  }
  const asked = new Set(arrivals.flatMap(({ security }) => askedProviders(security)));
  return afterAsking([...asked], sayAnswer(destination, speech));
};

const throughDestinations = (
  destinations: readonly SimulatedDestination[],
  speech: Speech,
): Sentence => {
  const [first, ...others] = destinations;
  if (first === undefined) return say('nothing');
  if (others.length === 0) return sayOutcome(first, speech);
  const ways = destinations.map((one) =>
    say('share', { percent: rounded(one.percent), end: sayOutcome(one, speech) }),
  );
  return sayAll('ways', ways);
};

const closed = (reason: Sentence): Sentence => say('closedConnection', { reason });

const failedConnection = (
  { listener, chain, refusal, encrypted }: Connection,
  { scheme }: SimulatedRequest,
): Sentence | undefined => {
  if (refusal !== undefined) return refusal;
  if (listener === undefined) return say('nothingListens');
  if (chain === undefined) return closed(say('noFilterChain'));
  if (chain.http === undefined) return undefined;
  const isTls = chain.transport.kind === 'tls';
  if (isTls && !encrypted) return closed(say('portSpeaksTls'));
  if (!isTls && encrypted) return say('failedHandshake', { reason: say('portSpeaksPlainHttp') });
  return scheme === 'tcp'
    ? say('answered', { status: 400, reason: say('portSpeaksHttp') })
    : undefined;
};

const tcpView = ({ destinations, security }: Decided): Sentence => {
  const denied = denialCause(security);
  if (denied !== null) return closed(denied);
  const [first] = destinations;
  if (destinations.length === 1 && first?.endpoints.length === 0) {
    return closed(say('clusterWithoutEndpoint', { cluster: first.cluster }));
  }
  return throughDestinations(destinations, 'tcp');
};

const answeredBy = (status: number | null, reason: Sentence): Sentence =>
  say('answered', { status: String(status), reason });

const sayDirect = ({ status, body }: NonNullable<Simulation['directResponse']>): Sentence =>
  body === '' ? say('directResponse', { status }) : say('directResponseWith', { status, body });

const ownAnswer = (decided: Decided): Sentence | undefined => {
  const denied = denialCause(decided.security);
  const { fault, redirect, directResponse, preflight, responseFlags, status } = decided;
  if (denied !== null) return answeredBy(status, denied);
  if (fault?.abort?.percent === 100) return answeredBy(fault.abort.status, say('injectedFault'));
  if (preflight) return say('preflight');
  if (redirect !== null) {
    return say('redirect', { status: redirect.status, location: redirect.location });
  }
  if (directResponse !== null) return sayDirect(directResponse);
  if (responseFlags.includes('NR')) return answeredBy(404, say('noRoute'));
  return responseFlags.includes('DPE') ? answeredBy(status, say('unreadablePath')) : undefined;
};

/** What chance adds: aborts in some cases, delays in some or all. */
const withFaults = (answer: Sentence, fault: SimulatedFault | null): Sentence => {
  const { abort = null, delay = null } = fault ?? {};
  const aborted =
    abort !== null && abort.percent < 100
      ? say('abortedSometimes', {
          ...{ end: answer, percent: rounded(abort.percent), status: abort.status },
        })
      : answer;
  if (delay === null) return aborted;
  const { ms, percent } = delay;
  return percent < 100
    ? say('delayedSometimes', { end: aborted, ms, percent: rounded(percent) })
    : say('delayed', { end: aborted, ms });
};

/** What comes back, with the alternatives where chance decides. */
export const clientView = (
  decided: Decided,
  connection: Connection,
  request: SimulatedRequest,
): Sentence => {
  const failure = failedConnection(connection, request);
  if (failure !== undefined) return failure;
  if (connection.chain?.http === undefined) return tcpView(decided);
  const own = ownAnswer(decided) ?? throughDestinations(decided.destinations, 'http');
  return withFaults(afterAsking(askedProviders(decided.security), own), decided.fault);
};
