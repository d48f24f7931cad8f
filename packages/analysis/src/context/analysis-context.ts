import type {
  AuthorizationPolicy,
  Deployment,
  DestinationRule,
  EnvoyFilter,
  Gateway,
  KubeObject,
  Namespace,
  Node,
  PeerAuthentication,
  Pod,
  RequestAuthentication,
  Secret,
  Service,
  ServiceEntry,
  Sidecar,
  Telemetry,
  VirtualService,
  WasmPlugin,
  WorkloadEntry,
} from '@lateen/api';
import type { PathNormalization } from '../analyzers/path-variant.ts';
import { createHostRegistry, type HostRegistry } from './host-registry.ts';
import type { MeshProvider } from './mesh-provider.ts';
import type { ReadObject } from './object-reader.ts';
import { type Workload, workloadOfDeployment, workloadOfPod } from './workload.ts';

/** Whether a certificate and its key, as PEM, can serve: undefined, or what is wrong. */
export type CertificateProblem = (certificate: string, key: string) => string | undefined;

/** Settings of an analysis. */
export interface AnalysisOptions {
  /** Of objects that name none. Default `default`. */
  readonly defaultNamespace?: string;
  /** Istio's root namespace. Default `istio-system`. */
  readonly rootNamespace?: string;
  /** MeshConfig.pathNormalization. Default BASE. */
  readonly pathNormalization?: PathNormalization;
  /** Providers of the mesh and built-in ones. Default: not known, and none is missed. */
  readonly providers?: readonly MeshProvider[];
  /** MeshConfig.defaultProviders.accessLogging. Default none. */
  readonly defaultLogProviders?: readonly string[];
  /** Looks into certificates of Gateways. Default: only whether they are there. */
  readonly certificateProblem?: CertificateProblem;
}

/** What analyzers read: objects that fit their schemas, by kind, each with its namespace set. */
export interface AnalysisContext {
  readonly rootNamespace: string;
  readonly pathNormalization: PathNormalization;
  readonly providers: readonly MeshProvider[] | undefined;
  readonly defaultLogProviders: readonly string[];
  readonly certificateProblem: CertificateProblem;
  /** Every object that was read, whether it fits or not. */
  readonly read: readonly ReadObject[];
  readonly virtualServices: readonly VirtualService[];
  readonly destinationRules: readonly DestinationRule[];
  readonly gateways: readonly Gateway[];
  readonly serviceEntries: readonly ServiceEntry[];
  readonly sidecars: readonly Sidecar[];
  readonly workloadEntries: readonly WorkloadEntry[];
  readonly envoyFilters: readonly EnvoyFilter[];
  readonly authorizationPolicies: readonly AuthorizationPolicy[];
  readonly requestAuthentications: readonly RequestAuthentication[];
  readonly peerAuthentications: readonly PeerAuthentication[];
  readonly telemetries: readonly Telemetry[];
  readonly wasmPlugins: readonly WasmPlugin[];
  readonly services: readonly Service[];
  readonly pods: readonly Pod[];
  readonly deployments: readonly Deployment[];
  readonly namespaces: ReadonlyMap<string, Namespace>;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly hosts: HostRegistry;
  /** Pods, and the templates of Deployments without pods yet. */
  readonly workloads: readonly Workload[];
}

/** Istio's kinds by their kind; built-in ones too: their names do not clash within what is read. */
const ofKind =
  (byKind: ReadonlyMap<string, readonly KubeObject[]>) =>
  <T extends KubeObject>(kind: string): readonly T[] =>
    (byKind.get(kind) ?? []) as readonly T[];

/** `namespace/name` of a namespaced object. */
export const fullName = ({ metadata }: KubeObject): string =>
  `${metadata.namespace ?? ''}/${metadata.name}`;

/** Namespace of an object that has been read; '' for cluster-scoped ones. */
export const namespaceOf = ({ metadata }: KubeObject): string => metadata.namespace ?? '';

/** Indexes what was read. */
export const createAnalysisContext = (
  read: readonly ReadObject[],
  options: AnalysisOptions,
): AnalysisContext => {
  const objects = read.map(({ object }) => object).filter((object) => object !== undefined);
  const kind = ofKind(Map.groupBy(objects, (object) => object.kind));
  const namespaces = new Map(
    kind<Namespace>('Namespace').map((one) => [one.metadata.name, one] as const),
  );
  const services = kind<Service>('Service');
  const serviceEntries = kind<ServiceEntry>('ServiceEntry');
  const pods = kind<Pod>('Pod');
  const deployments = kind<Deployment>('Deployment');
  const spaceOf = (object: KubeObject): Namespace | undefined =>
    namespaces.get(namespaceOf(object));
  return {
    rootNamespace: options.rootNamespace ?? 'istio-system',
    pathNormalization: options.pathNormalization ?? 'BASE',
    providers: options.providers,
    defaultLogProviders: options.defaultLogProviders ?? [],
    certificateProblem: options.certificateProblem ?? (() => undefined),
    read,
    virtualServices: kind<VirtualService>('VirtualService'),
    destinationRules: kind<DestinationRule>('DestinationRule'),
    gateways: kind<Gateway>('Gateway'),
    serviceEntries,
    sidecars: kind<Sidecar>('Sidecar'),
    workloadEntries: kind<WorkloadEntry>('WorkloadEntry'),
    envoyFilters: kind<EnvoyFilter>('EnvoyFilter'),
    authorizationPolicies: kind<AuthorizationPolicy>('AuthorizationPolicy'),
    requestAuthentications: kind<RequestAuthentication>('RequestAuthentication'),
    peerAuthentications: kind<PeerAuthentication>('PeerAuthentication'),
    telemetries: kind<Telemetry>('Telemetry'),
    wasmPlugins: kind<WasmPlugin>('WasmPlugin'),
    services,
    pods,
    deployments,
    namespaces,
    secrets: new Map(kind<Secret>('Secret').map((one) => [fullName(one), one] as const)),
    nodes: new Map(kind<Node>('Node').map((one) => [one.metadata.name, one] as const)),
    hosts: createHostRegistry(services, serviceEntries),
    workloads: [
      ...pods.map((pod) => workloadOfPod(pod, spaceOf(pod))),
      ...deployments
        .map((one) => workloadOfDeployment(one, spaceOf(one)))
        .filter((one) => one !== undefined),
    ],
  };
};
