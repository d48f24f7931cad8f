import type { Checked } from '@lateen/base';
import type { PushContext } from '@lateen/translator';
import { plaintextArrivals } from './arrival.ts';
import type { FoundCaller } from './caller.ts';
import { podAt } from './cluster-decision.ts';
import { undecided } from './http-decision.ts';
import { findService, resolveServiceAddress } from './service-address.ts';
import type {
  SimulatedArrival,
  SimulatedDestination,
  SimulatedEndpoint,
  Simulation,
} from './simulation.ts';
import type { SimulationInput } from './simulation-input.ts';

type Input = SimulationInput & { readonly push: PushContext };

const endpointAt = (push: PushContext, address: string, port: number): SimulatedEndpoint => ({
  address: `${address}:${port}`,
  pod: podAt(push, address),
  ...{ health: 'healthy', weight: 1, priority: 0 },
});

/** Where the kernel takes a connection: to an endpoint of the service, or to the address itself. */
const endpointsOf = (
  { push, request }: Input,
  { proxy }: FoundCaller,
  address: string,
): readonly SimulatedEndpoint[] => {
  const service = findService(push, proxy, request.host);
  if (service === undefined) return [endpointAt(push, address, request.port)];
  const port = service.ports.find(({ number }) => number === request.port);
  const all = push.endpoints.get(`${service.namespace}/${service.hostname}`) ?? [];
  return all
    .filter(({ servicePortName }) => servicePortName === port?.name)
    .map((one) => endpointAt(push, one.address, one.port));
};

const outcomeText = ({ outcome, status, reason }: SimulatedArrival): string => {
  if (outcome === 'answered') return `${status}${reason === '' ? '' : `: ${reason}`}`;
  return outcome === 'refused' ? reason : '';
};

const seenBy = ({ endpoints, arrivals, transport }: SimulatedDestination): string => {
  if (endpoints.length === 0) return 'connection refused: the service has no endpoint at this port';
  if (transport === 'tls') return 'what the server says: TLS of its own, which no proxy opens';
  if (arrivals.length === 0) return 'what the server says: it is outside of the mesh';
  return [...Map.groupBy(arrivals, outcomeText)]
    .map(([text, group]) => {
      const pods = group.map(({ pod }) => pod).join(', ');
      return text === '' ? `the answer of ${pods}` : `${text} (${pods})`;
    })
    .join(', or ');
};

/** Follows a request that goes through no proxy of its client: to the service's endpoints, in plaintext. */
export const callDirectly = (found: FoundCaller, input: Input): Checked<Simulation> => {
  const { push, request } = input;
  const { value: place, diagnostics } = resolveServiceAddress(push, found.proxy, request.host);
  if (place === undefined) return { value: undefined, diagnostics };
  const bare: SimulatedDestination = {
    cluster: `${request.host}:${request.port}`,
    ...{ weight: 1, percent: 100, subset: '', destinationRule: null, loadBalancing: 'service' },
    transport: request.scheme === 'https' ? 'tls' : 'plain',
    endpoints: endpointsOf(input, found, place.address),
    ...{ status: null, responseFlags: [], authority: request.authority, path: request.path },
    ...{ requestHeaders: [], responseHeaders: [], arrivals: [] },
  };
  const sender = { proxy: found.proxy, chain: undefined, forwardsClaims: true };
  // TLS of a client's own is between it and the application.
  const arrivals = request.scheme === 'https' ? [] : plaintextArrivals(bare, sender, input);
  const destination = { ...bare, arrivals };
  const value: Simulation = {
    ...undecided,
    proxy: '',
    workload: found.workload,
    direction: 'outbound',
    request: `${request.method} ${request.scheme}://${request.authority}${request.path}`,
    ...{ listener: null, filterChain: null, cluster: bare.cluster, destinations: [destination] },
    clientSees: seenBy(destination),
    diagnostics: [...push.diagnostics, ...found.diagnostics],
  };
  return { value, diagnostics: [] };
};
