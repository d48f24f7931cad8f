import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Checked, Diagnostic } from '@lateen/base';
import { type ProxyTracing, readProxyTracing } from '../input/proxy-tracing.ts';
import { type IstioExtensions, istioExtensionsOf } from './istio-extensions.ts';
import { type Locality, unknownLocality } from './locality.ts';

/** What a proxy tells about itself when it connects (Envoy core.v3.Node). */
export interface ProxyNode {
  /** `sidecar~10.1.2.3~pod.ns~ns.svc.cluster.local`. */
  readonly id: string;
  readonly cluster: string;
  readonly metadata: JsonObject;
  readonly locality?: Locality;
  /** Message types of the extensions it is built with (`extensions.type_urls`). Default: it does not say. */
  readonly extensions?: readonly string[];
}

/** How a sidecar gets outbound traffic: by netfilter, or because apps are told to use a proxy. */
export type InterceptionMode = 'REDIRECT' | 'TPROXY' | 'NONE';

/** A proxy as generators see it: all they may know of one besides the push context. */
export interface ProxyDescriptor {
  readonly id: string;
  readonly type: 'sidecar' | 'router';
  /** Node cluster, `<canonical-service>.<ns>`: what its spans call it. '' when it says nothing. */
  readonly nodeCluster: string;
  /** First is the one in the id. */
  readonly addresses: readonly string[];
  readonly podName: string;
  readonly namespace: string;
  /** `ns.svc.cluster.local`. */
  readonly dnsDomain: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly workloadName: string;
  readonly serviceAccount: string;
  readonly clusterId: string;
  /** Metadata MESH_ID; '' when it says nothing. */
  readonly meshId: string;
  /** Metadata NETWORK; '': everything is reachable. */
  readonly network: string;
  readonly interceptionMode: InterceptionMode;
  /** The proxy answers its clients' DNS questions (metadata DNS_CAPTURE). */
  readonly dnsCapture: boolean;
  /** Port of the HTTP proxy listener; 0: the mesh's setting. */
  readonly httpProxyPort: number;
  /** Replaces the wildcard in every bound listener (metadata LATEEN_BIND_ADDRESS). */
  readonly bindAddress: string | undefined;
  /** Workload port to where the app really listens (metadata LATEEN_APP_PORTS). */
  readonly appPorts: ReadonlyMap<number, SocketTarget>;
  /** Has a certificate of the mesh from its agent (metadata LATEEN_SDS). Default false. */
  readonly holdsCertificate: boolean;
  readonly locality: Locality;
  /** Others must not be in its configuration: it would refuse the whole resource. */
  readonly extensions: IstioExtensions;
  /** `tracing` of its own ProxyConfig (metadata PROXY_CONFIG), over the mesh's. */
  readonly tracing: ProxyTracing | undefined;
}

/** An address and port to connect to. */
export interface SocketTarget {
  readonly address: string;
  readonly port: number;
}

const textOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

const stringsOf = (value: JsonValue | undefined): ReadonlyMap<string, string> => {
  const entries = new Map<string, string>();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return entries;
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry === 'string') entries.set(key, entry);
  }
  return entries;
};

/** Metadata values of ports come as JSON text, as a number or as text, depending on the agent. */
const parseJson = (value: JsonValue | undefined): JsonValue | undefined => {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as JsonValue;
  } catch {
    return undefined;
  }
};

/** Reads `127.0.0.1:8080` and `[::1]:8080`. */
export const parseSocketTarget = (value: string): SocketTarget | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  const address = match?.[1] ?? match?.[2];
  return address === undefined || !(port > 0 && port <= 65_535) ? undefined : { address, port };
};

const appPortsOf = (
  value: JsonValue | undefined,
  report: (message: string) => void,
): ReadonlyMap<number, SocketTarget> => {
  const ports = new Map<number, SocketTarget>();
  if (value === undefined) return ports;
  const targets = stringsOf(parseJson(value));
  if (targets.size === 0)
    report('LATEEN_APP_PORTS must map ports to addresses such as 127.0.0.1:8080');
  for (const [key, entry] of targets) {
    const target = parseSocketTarget(entry);
    const port = Number(key);
    if (target === undefined || !Number.isInteger(port)) {
      report(`LATEEN_APP_PORTS: cannot read "${key}": "${entry}"`);
    } else {
      ports.set(port, target);
    }
  }
  return ports;
};

/** Agents send a JSON object, or its text. */
const tracingOf = (
  value: JsonValue | undefined,
  report: (message: string) => void,
): ProxyTracing | undefined => {
  const config = parseJson(value);
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return undefined;
  const tracing = readProxyTracing(config['tracing']);
  if (tracing === 'wrong') report('PROXY_CONFIG: cannot read tracing');
  return tracing === 'wrong' ? undefined : tracing;
};

const interceptionModeOf = (value: string): InterceptionMode =>
  value === 'NONE' || value === 'TPROXY' ? value : 'REDIRECT';

const addressesOf = (idAddress: string, instanceIps: string): readonly string[] =>
  [...new Set([idAddress, ...instanceIps.split(',')].map((entry) => entry.trim()))].filter(
    (entry) => entry !== '',
  );

/** The four parts of an Istio node id. */
interface NodeId {
  readonly type: ProxyDescriptor['type'];
  readonly address: string;
  readonly podName: string;
  readonly namespace: string;
  readonly dnsDomain: string;
}

const parseNodeId = (id: string): NodeId | undefined => {
  const [type, address, workload, dnsDomain, ...rest] = id.split('~');
  if ((type !== 'sidecar' && type !== 'router') || !address || !workload || rest.length > 0) {
    return undefined;
  }
  const dot = workload.lastIndexOf('.');
  const [podName, namespace] =
    dot < 0 ? [workload, ''] : [workload.slice(0, dot), workload.slice(dot + 1)];
  return { type, address, podName, namespace, dnsDomain: dnsDomain ?? '' };
};

/** Reads a node; an id that is not Istio's is an error, odd metadata a warning. */
export const describeProxy = (node: ProxyNode): Checked<ProxyDescriptor> => {
  const id = parseNodeId(node.id);
  if (id === undefined) {
    const message = `"${node.id}" is not of the form sidecar~IP~POD.NAMESPACE~NAMESPACE.svc.cluster.local`;
    const path = 'node.id';
    return {
      value: undefined,
      diagnostics: [{ severity: 'error', code: 'NodeIdInvalid', path, message }],
    };
  }
  const diagnostics: Diagnostic[] = [];
  const warn = (message: string): void => {
    const path = 'node.metadata';
    diagnostics.push({ severity: 'warning', code: 'NodeMetadataInvalid', path, message });
  };
  const { metadata } = node;
  const namespace = textOf(metadata['NAMESPACE']) || id.namespace;
  const httpProxyPort = Number(metadata['HTTP_PROXY_PORT'] ?? 0);
  const value: ProxyDescriptor = {
    id: node.id,
    type: id.type,
    nodeCluster: node.cluster,
    addresses: addressesOf(id.address, textOf(metadata['INSTANCE_IPS'])),
    podName: textOf(metadata['NAME']) || id.podName,
    namespace,
    dnsDomain: id.dnsDomain || `${namespace}.svc.cluster.local`,
    labels: stringsOf(metadata['LABELS']),
    workloadName: textOf(metadata['WORKLOAD_NAME']),
    serviceAccount: textOf(metadata['SERVICE_ACCOUNT']),
    clusterId: textOf(metadata['CLUSTER_ID']) || 'Kubernetes',
    meshId: textOf(metadata['MESH_ID']),
    network: textOf(metadata['NETWORK']),
    interceptionMode: interceptionModeOf(textOf(metadata['INTERCEPTION_MODE'])),
    dnsCapture: textOf(metadata['DNS_CAPTURE']) === 'true',
    httpProxyPort: Number.isInteger(httpProxyPort) ? httpProxyPort : 0,
    bindAddress: textOf(metadata['LATEEN_BIND_ADDRESS']) || undefined,
    appPorts: appPortsOf(metadata['LATEEN_APP_PORTS'], warn),
    holdsCertificate: textOf(metadata['LATEEN_SDS']) === 'true',
    locality: node.locality ?? unknownLocality,
    extensions: istioExtensionsOf(node.extensions),
    tracing: tracingOf(metadata['PROXY_CONFIG'], warn),
  };
  return { value, diagnostics };
};
