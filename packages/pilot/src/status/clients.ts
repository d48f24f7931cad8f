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
  /** By short type name. */
  readonly versions: Readonly<Record<string, WatchVersions>>;
}

/** How far a proxy is with one type, by content hashes; '' where there is none yet. */
interface WatchVersions {
  readonly sent: string;
  readonly acked: string;
  /** Text of the NACK that is not made good yet. */
  readonly error?: string;
}

/** `/debug/adsz`. */
export const adsClients = (connections: readonly Connection[]): AdsClients => ({
  totalClients: connections.length,
  clients: connections.map((connection) => ({
    connectionId: connection.id,
    connectedAt: new Date(connection.connectedMs).toISOString(),
    address: connection.peer,
    protocol: connection.protocol,
    watches: byType(connection, watchedNames),
    versions: byType(connection, watchVersions),
  })),
});

const watchedNames = ({ wildcard, names }: Subscription): readonly string[] => [
  ...(wildcard ? [wildcardName] : []),
  ...[...names].sort(),
];

const byType = <T>(
  { stream }: Connection,
  describe: (subscription: Subscription) => T,
): Readonly<Record<string, T>> =>
  Object.fromEntries(
    [...stream.subscriptions.values()].map((subscription) => [
      shortTypeName(subscription.typeUrl),
      describe(subscription),
    ]),
  );

const watchVersions = ({ sent, acked, rejected }: Subscription): WatchVersions => ({
  sent: sent?.version ?? '',
  acked: acked?.version ?? '',
  ...(rejected !== undefined && { error: rejected.error }),
});
