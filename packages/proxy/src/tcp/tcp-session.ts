import type net from 'node:net';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { PeerFacts } from '../http/exchange.ts';
import type { ResponseFlag } from '../http/response-flag.ts';
import type { ConnectionTls } from '../tls/connection-tls.ts';

/** One proxied TCP connection, while it runs and when it is over. */
export interface TcpSession {
  readonly downstream: net.Socket;
  readonly remoteLabel: string;
  readonly localLabel: string;
  readonly serverName: string;
  readonly startMs: number;
  readonly chainName: string;
  readonly isInbound: boolean;
  /** Of the client's connection. */
  readonly tls: ConnectionTls | undefined;
  cluster: Cluster | undefined;
  endpoint: Endpoint | undefined;
  /** What the other side said of itself: the client inbound, the server outbound. */
  peer: PeerFacts | undefined;
  upstreamLocalLabel: string | undefined;
  transportFailure: string | undefined;
  /** `%CONNECTION_TERMINATION_DETAILS%`. */
  terminationDetails: string | undefined;
  flags: ResponseFlag | '';
  bytesReceived: number;
  bytesSent: number;
  durationMs: number;
}
