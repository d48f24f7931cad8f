import { labels, mapOf, message, type Reader, word } from './reader.ts';

const modes = ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'] as const;

/** PeerAuthentication.MutualTLS; no mode and UNSET both inherit. */
export interface MutualTls {
  readonly mode: (typeof modes)[number] | undefined;
}

/** security.istio.io PeerAuthentication.spec. */
export interface PeerAuthentication {
  readonly selector: { readonly matchLabels: ReadonlyMap<string, string> } | undefined;
  readonly mtls: MutualTls | undefined;
  /** By workload port. */
  readonly portLevelMtls: ReadonlyMap<string, MutualTls>;
}

const mutualTls = message<MutualTls>({ mode: word(modes) });

const byName = mapOf(mutualTls);

/** Ports as protobuf JSON writes the keys of a map from numbers. */
const isPort = (key: string): boolean => /^[1-9]\d{0,4}$/.test(key) && Number(key) <= 65_535;

const byPort: Reader<ReadonlyMap<string, MutualTls>> = (value, path, report) => {
  const entries = [...byName(value, path, report)];
  for (const [key] of entries) {
    if (!isPort(key)) report(`${path}[${key}]`, 'must be a port from 1 to 65535');
  }
  return new Map(entries.filter(([key]) => isPort(key)));
};

/** Reads `spec` of a PeerAuthentication of any version. */
export const peerAuthentication: Reader<PeerAuthentication | undefined> =
  message<PeerAuthentication>({
    selector: message<NonNullable<PeerAuthentication['selector']>>({ matchLabels: labels }),
    mtls: mutualTls,
    portLevelMtls: byPort,
  });
