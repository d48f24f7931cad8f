import type { PortProtocol } from '@lateen/api';
import type { Locality } from '../proxy/locality.ts';

/** How a service's name becomes endpoints (Istio's `model.Resolution`). */
export type Resolution =
  | 'client-side'
  | 'dns'
  | 'dns-round-robin'
  | 'dynamic-dns'
  | 'passthrough'
  | 'alias';

/** A port of a service. */
export interface ServicePort {
  readonly name: string;
  readonly number: number;
  readonly protocol: PortProtocol;
  /** Number or container port name; equals `number` when unset. */
  readonly targetPort: number | string;
}

/** A service of the mesh, from Kubernetes or from a ServiceEntry host. Immutable. */
export interface MeshService {
  readonly hostname: string;
  readonly name: string;
  readonly namespace: string;
  readonly registry: 'Kubernetes' | 'External';
  readonly resolution: Resolution;
  readonly meshExternal: boolean;
  /** VIPs; empty for headless services and entries without addresses. */
  readonly addresses: readonly string[];
  /** Addresses for hosts without any, known to clients of the proxies' DNS. */
  readonly autoAddresses: readonly string[];
  readonly ports: readonly ServicePort[];
  /** Pods (or WorkloadEntries) behind it; empty without a selector. */
  readonly selector: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  /** `*`, `.`, `~` or namespaces. */
  readonly exportTo: readonly string[];
  readonly creationTimestamp: string;
  /** CNAME of an ExternalName service, else ''. */
  readonly externalName: string;
  /** Names the server's certificate must carry (ServiceEntry.subjectAltNames). */
  readonly subjectAltNames: readonly string[];
  /** As each cluster that has it knows it, by cluster id; empty for hosts of ServiceEntries. */
  readonly inCluster: ReadonlyMap<string, ClusterService>;
  /** Clients reach only the endpoints of their own cluster (MeshConfig `serviceSettings`). */
  readonly isClusterLocal: boolean;
}

/** What one cluster says of a service that others may have too. */
export type ClusterService = Pick<MeshService, 'addresses' | 'ports' | 'selector'>;

/** One address of one service port. */
export interface MeshEndpoint {
  readonly address: string;
  readonly port: number;
  /** Name of the service port this endpoint serves. */
  readonly servicePortName: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly workloadName: string;
  readonly locality: Locality;
  /** Load-balancing weight, at least 1. */
  readonly weight: number;
  readonly health: 'healthy' | 'unhealthy' | 'draining';
  /** '' is reachable from everywhere. */
  readonly network: string;
  /** Id of the cluster it runs in. */
  readonly cluster: string;
  /** Has a sidecar that takes mTLS (label security.istio.io/tlsMode=istio). */
  readonly mutualTls: boolean;
}

/** `namespace/hostname`: the key of a service. The same name may be in several namespaces. */
export const serviceKey = (service: Pick<MeshService, 'namespace' | 'hostname'>): string =>
  `${service.namespace}/${service.hostname}`;

/** A service port by number. */
export const portByNumber = (service: MeshService, number: number): ServicePort | undefined =>
  service.ports.find((port) => port.number === number);
