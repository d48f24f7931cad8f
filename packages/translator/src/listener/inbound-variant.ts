import { isHttpProtocol, type PortProtocol } from '@lateen/api';
import { metadataExchangeProtocol } from '../envoy/metadata-exchange.ts';
import { isSniffed } from '../registry/protocol.ts';
import type { MutualTlsMode } from '../security/peer-authentication-index.ts';

/** One way in which connections come to a workload port: a filter chain each. */
export interface InboundVariant {
  /** HTTP connection manager or TCP proxy. */
  readonly http: boolean;
  /** Ends the mesh's mTLS. */
  readonly mutualTls: boolean;
  /** What the TLS inspector must have found; undefined: anything. */
  readonly transport: 'tls' | 'raw_buffer' | undefined;
  /** One of these must be offered, or found by the HTTP inspector; empty: anything. */
  readonly alpn: readonly string[];
}

/** ALPN values the HTTP inspector reports for plaintext HTTP. */
const plaintextHttp = ['http/1.1', 'h2c'];
/** What clients of the mesh offer where they know that they speak HTTP. */
const meshHttp = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'];
/** What they offer for anything else. */
const meshTcp = [metadataExchangeProtocol, 'istio'];
const meshAny = [...meshTcp, ...meshHttp];

const plain = (http: boolean, alpn: readonly string[] = []): InboundVariant => ({
  http,
  mutualTls: false,
  transport: 'raw_buffer',
  alpn,
});
const mutual = (http: boolean, alpn: readonly string[] = []): InboundVariant => ({
  http,
  mutualTls: true,
  transport: 'tls',
  alpn,
});
/** TLS of the app's own, handed to it unopened. */
const foreignTls: InboundVariant = { http: false, mutualTls: false, transport: 'tls', alpn: [] };
const anything = (http: boolean): InboundVariant => ({
  http,
  mutualTls: false,
  transport: undefined,
  alpn: [],
});

type Variants = Readonly<Record<MutualTlsMode, readonly InboundVariant[]>>;

const declaredHttp: Variants = {
  STRICT: [mutual(true)],
  PERMISSIVE: [mutual(true, meshAny), plain(true)],
  DISABLE: [anything(true)],
};

const declaredTcp: Variants = {
  STRICT: [mutual(false)],
  PERMISSIVE: [mutual(false, meshAny), foreignTls, plain(false)],
  DISABLE: [anything(false)],
};

/** Transport is chosen before ALPN, so plaintext that is no HTTP needs a chain of its own. */
const sniffed: Variants = {
  STRICT: [mutual(true, meshHttp), mutual(false)],
  PERMISSIVE: [
    mutual(true, meshHttp),
    plain(true, plaintextHttp),
    mutual(false, meshTcp),
    plain(false),
    foreignTls,
  ],
  DISABLE: [plain(true, plaintextHttp), plain(false), anything(false)],
};

/** Istio's `getFilterChainMatchOptions`: how connections come to a port of a protocol in a mode. */
export const inboundVariants = (
  protocol: PortProtocol,
  mode: MutualTlsMode,
): readonly InboundVariant[] => {
  if (isSniffed(protocol)) return sniffed[mode];
  return isHttpProtocol(protocol) ? declaredHttp[mode] : declaredTcp[mode];
};
