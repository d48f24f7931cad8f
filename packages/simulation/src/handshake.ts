import type {
  ConnectionView,
  FilterChainTable,
  ListenerTable,
  PeerValidation,
  PolicyConnection,
} from '@lateen/routing';
import { type Sentence, say } from './sentence.ts';
import type { SimulatedArrival } from './simulation.ts';

/** What clients of the mesh offer by ALPN. */
export const meshProtocols = {
  http: ['istio-http/1.1', 'istio', 'http/1.1'],
  tcp: ['istio-peer-exchange', 'istio'],
} as const;

/** A connection taken in, or refused. */
export interface AcceptedView {
  readonly chain: FilterChainTable | undefined;
  readonly encrypted: boolean;
  readonly policy: PolicyConnection;
  readonly refusal: Sentence | undefined;
}

/** The other side of a connection. */
export interface ViewedClient {
  /** SPIFFE id of its certificate. */
  readonly principal: string | undefined;
  /** It comes to a workload, not to a gateway, whose clients are strangers. */
  readonly isInside: boolean;
}

const isTrusted = ({ subjectNames }: PeerValidation, principal: string): boolean =>
  subjectNames.length === 0 ||
  subjectNames.some(({ type, match }) => type !== 'dns' && match.matches(principal));

const certificateProblem = (
  { transport }: FilterChainTable,
  principal: string | undefined,
  isInside: boolean,
): Sentence | undefined => {
  if (transport.kind !== 'tls') return undefined;
  const { requireClientCertificate, validation, certificates } = transport.tls;
  if (principal === undefined) {
    // Whoever asks at a server of other certificates is taken to have one that fits.
    const isMesh = certificates.some((one) => one.kind === 'sds' && one.name === 'default');
    return requireClientCertificate && isMesh && isInside
      ? say('failedHandshake', { reason: say('certificateRequired') })
      : undefined;
  }
  return validation === undefined || isTrusted(validation, principal)
    ? undefined
    : say('failedHandshake', { reason: say('certificateUntrusted', { principal }) });
};

/** What a listener takes at the port of a view. */
export const portMode = (
  listener: ListenerTable,
  view: ConnectionView,
): NonNullable<SimulatedArrival['mode']> => {
  const chainFor = (transportProtocol: string, applicationProtocols: readonly string[]) =>
    listener.selectFilterChain({ ...view, transportProtocol, applicationProtocols });
  const endsTls = (protocols: readonly string[]): boolean =>
    chainFor('tls', protocols)?.transport.kind === 'tls';
  const mutual = endsTls(meshProtocols.http) || endsTls(meshProtocols.tcp);
  const plain =
    chainFor('raw_buffer', ['http/1.1'])?.transport.kind === 'plain' ||
    chainFor('raw_buffer', [])?.transport.kind === 'plain';
  if (!mutual) return 'DISABLE';
  return plain ? 'PERMISSIVE' : 'STRICT';
};

const missingChain = (listener: ListenerTable, view: ConnectionView): Sentence | undefined =>
  view.transportProtocol === 'raw_buffer' && portMode(listener, view) === 'STRICT'
    ? say('strictPort')
    : undefined;

/** Lets a listener choose the chain of a connection, and the chain look at the certificate. */
export const acceptView = (
  listener: ListenerTable | undefined,
  view: ConnectionView,
  { principal, isInside }: ViewedClient,
): AcceptedView => {
  const chain = listener?.selectFilterChain(view);
  const ends = chain?.transport.kind === 'tls';
  const encrypted = view.transportProtocol === 'tls';
  const missing = listener && chain === undefined ? missingChain(listener, view) : undefined;
  const problem = chain && encrypted ? certificateProblem(chain, principal, isInside) : undefined;
  // A certificate nobody asked for is not looked at.
  const asked = chain?.transport.kind === 'tls' && chain.transport.tls.validation !== undefined;
  const uriSans = asked && principal !== undefined ? [principal] : [];
  return {
    chain,
    encrypted,
    refusal: missing ?? problem,
    policy: {
      destinationAddress: view.destinationAddress,
      destinationPort: view.destinationPort,
      sourceAddress: view.sourceAddress,
      directRemoteAddress: view.sourceAddress,
      serverName: view.serverName,
      peer: ends && encrypted ? { uriSans, dnsSans: [], subject: '' } : undefined,
    },
  };
};
