import { status as grpcStatus, type Metadata } from '@grpc/grpc-js';
import { parseSpiffeId, type SpiffeId } from '@lateen/identity';
import { unknownCluster } from '../ingest/remote-clusters.ts';
import type { PeerCertificates } from './secure-listener.ts';
import type { ReviewToken } from './token-review.ts';

/** Who makes a call, and how that is known. */
export interface Caller {
  readonly identity: SpiffeId;
  readonly source: 'client certificate' | 'token';
}

/** Why a call is refused, as a gRPC status. */
export interface Refusal {
  readonly code: grpcStatus;
  readonly message: string;
}

/** What authentication looks at; every kind of grpc-js server call has it. */
export interface IncomingCall {
  readonly metadata: Metadata;
  getPeer(): string;
}

/** Who calls, or why nobody is believed. */
export type Authenticated =
  | { readonly caller: Caller; readonly refusal?: undefined }
  | { readonly caller?: undefined; readonly refusal: Refusal };

/** Longest token reviewed; those of Kubernetes have about a thousand bytes. */
const maxTokenBytes = 16 * 1024;

/** By what callers are known. */
export interface AuthenticationOptions {
  readonly peers: PeerCertificates;
  /** By the cluster that a call says its token is of; undefined id: it does not say. */
  readonly reviewer: (clusterId: string | undefined) => ReviewToken | undefined;
  /** The mesh's own first, then its aliases. */
  readonly trustDomains: () => readonly string[];
}

const refuse = (code: grpcStatus, message: string): Authenticated => ({
  refusal: { code, message },
});

const bearerToken = (metadata: Metadata): string | undefined => {
  const [value] = metadata.get('authorization');
  return /^bearer +(\S+)$/i.exec(String(value ?? ''))?.[1];
};

/** Istio's agents say with it whose token they show. */
const clusterHeader = 'clusterid';

const clusterOf = (metadata: Metadata): string | undefined => {
  const [value] = metadata.get(clusterHeader);
  return value === undefined || value === '' ? undefined : String(value);
};

const byCertificate = (uris: readonly string[], trustDomains: readonly string[]): Authenticated => {
  const [uri = '', ...more] = uris;
  const identity = more.length === 0 ? parseSpiffeId(uri) : undefined;
  if (identity === undefined)
    return refuse(
      grpcStatus.UNAUTHENTICATED,
      'the client certificate does not carry one SPIFFE identity of a service account',
    );
  if (!trustDomains.includes(identity.trustDomain))
    return refuse(
      grpcStatus.UNAUTHENTICATED,
      `the client certificate is of trust domain "${identity.trustDomain}", which is not this mesh's`,
    );
  return { caller: { identity, source: 'client certificate' } };
};

const byToken = async (
  token: string,
  cluster: string | undefined,
  { reviewer, trustDomains }: AuthenticationOptions,
): Promise<Authenticated> => {
  if (token.length > maxTokenBytes)
    return refuse(grpcStatus.UNAUTHENTICATED, 'the token is too long');
  const reviewToken = reviewer(cluster);
  if (reviewToken === undefined)
    return refuse(grpcStatus.UNAUTHENTICATED, unknownCluster(cluster ?? ''));
  const of = cluster === undefined ? 'this cluster' : `cluster "${cluster}"`;
  try {
    const account = await reviewToken(token);
    if (account === undefined)
      return refuse(
        grpcStatus.UNAUTHENTICATED,
        `the token is not one of ${of} for the audience istio-ca, or it has expired`,
      );
    const [trustDomain = ''] = trustDomains();
    return { caller: { identity: { ...account, trustDomain }, source: 'token' } };
  } catch {
    return refuse(
      grpcStatus.UNAVAILABLE,
      `the API server of ${of} cannot be asked about the token now; try again`,
    );
  }
};

/**
 * Who calls on the secure port: its client certificate if it showed one (the listener has verified
 * it), otherwise its bearer token. Istio's order; never rejects.
 */
export const authenticate = async (
  call: IncomingCall,
  options: AuthenticationOptions,
): Promise<Authenticated> => {
  const peer = options.peers.peer(call.getPeer());
  if (peer === undefined)
    return refuse(grpcStatus.UNAUTHENTICATED, 'this is answered over TLS only (port 15012)');
  if (peer.hasCertificate) return byCertificate(peer.uris, options.trustDomains());
  const token = bearerToken(call.metadata);
  return token === undefined
    ? refuse(
        grpcStatus.UNAUTHENTICATED,
        'show a client certificate of this mesh or a service account token for the audience istio-ca',
      )
    : byToken(token, clusterOf(call.metadata), options);
};
