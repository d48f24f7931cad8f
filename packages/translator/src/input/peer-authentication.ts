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

/** Reads `spec` of a PeerAuthentication of any version. */
export const peerAuthentication: Reader<PeerAuthentication | undefined> =
  message<PeerAuthentication>({
    selector: message<NonNullable<PeerAuthentication['selector']>>({ matchLabels: labels }),
    mtls: mutualTls,
    portLevelMtls: mapOf(mutualTls),
  });
