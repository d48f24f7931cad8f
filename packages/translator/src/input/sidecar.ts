import { type ServerTls, serverTls } from './gateway.ts';
import { labels, list, message, port, type Reader, text, word } from './reader.ts';
import { type ConnectionPool, connectionPool } from './traffic-policy.ts';
import type { Destination, PortSelector } from './virtual-service.ts';

/** networking.istio.io Sidecar.spec. */
export interface Sidecar {
  readonly workloadSelector: { readonly labels: ReadonlyMap<string, string> } | undefined;
  readonly ingress: readonly SidecarIngress[];
  readonly egress: readonly SidecarEgress[];
  readonly inboundConnectionPool: ConnectionPool | undefined;
  readonly outboundTrafficPolicy: SidecarOutboundPolicy | undefined;
}

/** A message with no mode means REGISTRY_ONLY, the enum's zero. */
export interface SidecarOutboundPolicy {
  readonly mode: 'REGISTRY_ONLY' | 'ALLOW_ANY' | undefined;
  readonly egressProxy: Destination | undefined;
}

interface SidecarPort {
  readonly number: number | undefined;
  readonly protocol: string | undefined;
  readonly name: string | undefined;
}

/** IstioIngressListener. */
export interface SidecarIngress {
  readonly port: SidecarPort | undefined;
  readonly bind: string | undefined;
  readonly captureMode: 'DEFAULT' | 'IPTABLES' | 'NONE' | undefined;
  readonly defaultEndpoint: string | undefined;
  readonly tls: ServerTls | undefined;
  readonly connectionPool: ConnectionPool | undefined;
}

/** IstioEgressListener. */
export interface SidecarEgress {
  readonly port: SidecarPort | undefined;
  readonly bind: string | undefined;
  readonly captureMode: 'DEFAULT' | 'IPTABLES' | 'NONE' | undefined;
  readonly hosts: readonly string[];
}

const sidecarPort = message<SidecarPort>({ number: port, protocol: text, name: text });
const captureMode = word(['DEFAULT', 'IPTABLES', 'NONE']);

/** Reads `spec` of a Sidecar of any version. */
export const sidecar: Reader<Sidecar | undefined> = message<Sidecar>({
  workloadSelector: message<NonNullable<Sidecar['workloadSelector']>>({ labels }),
  ingress: list(
    message<SidecarIngress>({
      port: sidecarPort,
      bind: text,
      captureMode,
      defaultEndpoint: text,
      tls: serverTls,
      connectionPool,
    }),
  ),
  egress: list(
    message<SidecarEgress>({ port: sidecarPort, bind: text, captureMode, hosts: list(text) }),
  ),
  inboundConnectionPool: connectionPool,
  outboundTrafficPolicy: message<SidecarOutboundPolicy>({
    mode: word(['REGISTRY_ONLY', 'ALLOW_ANY']),
    egressProxy: message<Destination>({
      host: text,
      subset: text,
      port: message<PortSelector>({ number: port }),
    }),
  }),
});
