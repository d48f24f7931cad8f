import { type Subscription, shortTypeName, wildcardName } from '@lateen/xds';
import type { Connection } from '../ads/ads-server.ts';

/** istiod's `/debug/adsz`: who is connected and what each watches. */
export interface AdsClients {
  readonly totalClients: number;
  readonly clients: readonly AdsClient[];
}

interface AdsClient {
  readonly connectionId: string;
  /** RFC 3339. */
  readonly connectedAt: string;
  /** Address of the proxy's socket. */
  readonly address: string;
  readonly protocol: 'delta' | 'sotw';
  /** By short type name: `*`, or the names, sorted. */
  readonly watches: Readonly<Record<string, readonly string[]>>;
}

export const adsClients = (connections: readonly Connection[]): AdsClients => ({
  totalClients: connections.length,
  clients: connections.map((connection) => ({
    connectionId: connection.id,
    connectedAt: new Date(connection.connectedMs).toISOString(),
    address: connection.peer,
    protocol: connection.protocol,
    watches: Object.fromEntries(
      [...connection.stream.subscriptions.values()].map((subscription) => [
        shortTypeName(subscription.typeUrl),
        watchedNames(subscription),
      ]),
    ),
  })),
});

const watchedNames = ({ wildcard, names }: Subscription): readonly string[] => [
  ...(wildcard ? [wildcardName] : []),
  ...[...names].sort(),
];
