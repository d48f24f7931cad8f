import type { Checked } from '@lateen/base';
import type { FoundCaller } from './caller.ts';
import { sayEnds, sayPod } from './client-view.ts';
import { placeFields } from './cluster-decision.ts';
import { endpointPlaces } from './endpoint-place.ts';
import { followPlaintext } from './following.ts';
import type { FollowedInput } from './hop.ts';
import { undecided } from './http-decision.ts';
import { type Sentence, say, sentenceText } from './sentence.ts';
import { findService, resolveServiceAddress } from './service-address.ts';
import type {
  SimulatedArrival,
  SimulatedDestination,
  SimulatedEndpoint,
  Simulation,
} from './simulation.ts';

const endpointAt = (
  { views }: FollowedInput,
  { proxy }: FoundCaller,
  address: string,
  port: number,
): SimulatedEndpoint => ({
  address: `${address}:${port}`,
  ...placeFields(
    endpointPlaces(views.own, views, proxy.network).ofAddress(address),
    views.areSeveral,
  ),
  ...{ health: 'healthy', weight: 1, priority: 0 },
});

/** Where the kernel takes a connection: to an endpoint of the service, or to the address itself. */
const endpointsOf = (
  input: FollowedInput,
  found: FoundCaller,
  address: string,
): readonly SimulatedEndpoint[] => {
  const { views, request } = input;
  const { push, clusterId } = views.own;
  const service = findService(push, found.proxy, request.host);
  if (service === undefined) return [endpointAt(input, found, address, request.port)];
  const port = service.ports.find(({ number }) => number === request.port);
  const all = push.endpoints.get(`${service.namespace}/${service.hostname}`) ?? [];
  // A node knows the endpoints of its own cluster.
  return all
    .filter((one) => one.servicePortName === port?.name && one.cluster === clusterId)
    .map((one) => endpointAt(input, found, one.address, one.port));
};

const sayArrival = ({ outcome, status, cause }: SimulatedArrival): Sentence | null => {
  if (outcome !== 'answered') return outcome === 'refused' ? cause : null;
  return cause === null
    ? say('answeredBare', { status: status ?? 0 })
    : say('answered', { status: status ?? 0, reason: cause });
};

const seenBy = ({ endpoints, arrivals, transport }: SimulatedDestination): Sentence => {
  if (endpoints.length === 0) return say('serviceWithoutEndpoint');
  if (transport === 'tls') return say('serverTls');
  if (arrivals.length === 0) return say('serverOutside');
  const ends = arrivals.map((one) => ({ said: sayArrival(one), pod: sayPod(one) }));
  return sayEnds(ends, (who) => say('answer', { who }));
};

/** Follows a request that goes through no proxy of its client: to the service's endpoints, in plaintext. */
export const callDirectly = (found: FoundCaller, input: FollowedInput): Checked<Simulation> => {
  const { request, views } = input;
  const { push, clusterId } = views.own;
  const { value: place, diagnostics } = resolveServiceAddress(push, found.proxy, request.host);
  if (place === undefined) return { value: undefined, diagnostics };
  const bare: SimulatedDestination = {
    cluster: `${request.host}:${request.port}`,
    ...{ weight: 1, percent: 100, subset: '', destinationRule: null, loadBalancing: 'service' },
    transport: request.scheme === 'https' ? 'tls' : 'plain',
    endpoints: endpointsOf(input, found, place.address),
    ...{ status: null, responseFlags: [], authority: request.authority, path: request.path },
    ...{ requestHeaders: [], responseHeaders: [] },
    ...{ gateways: [], arrivals: [], relays: [] },
  };
  const sender = { proxy: found.proxy, chain: undefined, forwardsClaims: true };
  // TLS of a client's own is between it and the application.
  const following = request.scheme === 'https' ? {} : followPlaintext(bare, sender, input);
  const destination = { ...bare, ...following };
  const view = seenBy(destination);
  const value: Simulation = {
    ...undecided,
    proxy: '',
    workload: found.workload,
    ...(views.areSeveral && { clusterId }),
    direction: 'outbound',
    request: `${request.method} ${request.scheme}://${request.authority}${request.path}`,
    ...{ listener: null, filterChain: null, cluster: bare.cluster, destinations: [destination] },
    clientSees: sentenceText(view),
    clientView: view,
    diagnostics: [...diagnostics, ...push.diagnostics, ...found.diagnostics],
  };
  return { value, diagnostics: [] };
};
