import type { JsonObject } from '@bufbuild/protobuf';
import type { KubeObject } from '@lateen/api';
import { parseAllDocuments } from 'yaml';
import {
  buildPushContext,
  defaultMeshConfig,
  describeProxy,
  type MeshConfig,
  type MeshInputs,
  type ProxyDescriptor,
  type PushContext,
} from '../index.ts';

/** Objects of a YAML stream; those without a creationTimestamp get one in their order. */
export const objectsOf = (yaml: string): readonly KubeObject[] =>
  parseAllDocuments(yaml, { version: '1.1' })
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null)
    .map((object, index) => ({
      ...object,
      metadata: {
        namespace: 'default',
        creationTimestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
        ...object.metadata,
      },
    }));

interface ServiceFields {
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports: readonly {
    readonly name: string;
    readonly port: number;
    readonly targetPort?: number;
  }[];
}

type Pod = KubeObject<unknown, { readonly podIP: string }>;

const selected = (pods: readonly Pod[], service: KubeObject<ServiceFields>): readonly Pod[] =>
  pods.filter(
    ({ metadata }) =>
      metadata.namespace === service.metadata.namespace &&
      Object.entries(service.spec?.selector ?? {}).every(
        ([key, value]) => metadata.labels?.[key] === value,
      ),
  );

/** What the endpoint controller would make: one slice for each Service with a selector. */
const slicesOf = (objects: readonly KubeObject[]): readonly KubeObject[] => {
  const pods = objects.filter(({ kind }) => kind === 'Pod') as Pod[];
  const services = objects.filter(({ kind }) => kind === 'Service') as KubeObject<ServiceFields>[];
  return services
    .filter(({ spec }) => spec?.selector !== undefined)
    .map((service) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        ...service.metadata,
        name: `${service.metadata.name}-0`,
        labels: { 'kubernetes.io/service-name': service.metadata.name },
      },
      addressType: 'IPv4',
      ports: service.spec?.ports.map(({ name, port, targetPort }) => ({
        name,
        port: targetPort ?? port,
        protocol: 'TCP',
      })),
      endpoints: selected(pods, service).map(({ metadata, status }) => ({
        addresses: [status?.podIP],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: { kind: 'Pod', name: metadata.name, namespace: metadata.namespace },
      })),
    }));
};

/** Inputs from objects of all kinds. */
export const inputsOf = (
  objects: readonly KubeObject[],
  config: Partial<MeshConfig> = {},
): MeshInputs => {
  const of = (kind: string): readonly KubeObject[] =>
    objects.filter((object) => object.kind === kind);
  return {
    meshConfig: { ...defaultMeshConfig, ...config },
    services: of('Service'),
    endpointSlices: [...of('EndpointSlice'), ...slicesOf(objects)],
    pods: of('Pod'),
    namespaces: of('Namespace'),
    nodes: of('Node'),
    virtualServices: of('VirtualService'),
    destinationRules: of('DestinationRule'),
    gateways: of('Gateway'),
    serviceEntries: of('ServiceEntry'),
    sidecars: of('Sidecar'),
    workloadEntries: of('WorkloadEntry'),
    peerAuthentications: of('PeerAuthentication'),
    requestAuthentications: of('RequestAuthentication'),
    authorizationPolicies: of('AuthorizationPolicy'),
    telemetries: of('Telemetry'),
    keySets: new Map(),
  };
};

/** A push context of the Bookinfo mesh and more objects, as YAML. */
export const pushOf = (yaml: string, config: Partial<MeshConfig> = {}): PushContext =>
  buildPushContext(inputsOf(objectsOf(bookinfo + yaml), config));

/** The sidecar of a pod of the Bookinfo mesh; `metadata` over its own. */
export const sidecarOf = (
  pod: string,
  address: string,
  metadata: JsonObject = {},
): ProxyDescriptor => {
  const [name = '', namespace = 'default'] = pod.split('.');
  const { value, diagnostics } = describeProxy({
    id: `sidecar~${address}~${name}.${namespace}~${namespace}.svc.cluster.local`,
    cluster: `${name}.${namespace}`,
    metadata: {
      NAMESPACE: namespace,
      NAME: name,
      LABELS: { app: name.split('-')[0] ?? '' },
      INTERCEPTION_MODE: 'NONE',
      HTTP_PROXY_PORT: '15002',
      ...metadata,
    },
  });
  if (value === undefined) throw new Error(JSON.stringify(diagnostics));
  return value;
};

/** The ingress gateway's proxy. */
export const ingressGateway = (metadata: JsonObject = {}): ProxyDescriptor => {
  const { value, diagnostics } = describeProxy({
    id: 'router~127.9.0.9~ingress-0.istio-system~istio-system.svc.cluster.local',
    cluster: 'istio-ingressgateway.istio-system',
    metadata: {
      NAMESPACE: 'istio-system',
      NAME: 'ingress-0',
      LABELS: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
      LATEEN_BIND_ADDRESS: '127.9.0.9',
      ...metadata,
    },
  });
  if (value === undefined) throw new Error(JSON.stringify(diagnostics));
  return value;
};

const app = (name: string, clusterIp: string): string => `
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  clusterIP: ${clusterIp}
  selector: { app: ${name} }
  ports: [{ name: http, port: 9080, targetPort: 9080 }]
`;

const pod = (name: string, version: string, address: string): string => `
---
apiVersion: v1
kind: Pod
metadata:
  name: ${name}-${version}-abc-1
  labels: { app: ${name}, version: ${version}, pod-template-hash: abc }
  ownerReferences: [{ kind: ReplicaSet, name: ${name}-${version}-abc, controller: true }]
spec: { serviceAccountName: bookinfo-${name}, nodeName: node-1, containers: [{ name: ${name} }] }
status: { podIP: ${address} }
`;

/** productpage, details, reviews v1-v3, ratings in `default`; the ingress gateway in istio-system. */
export const bookinfo: string = `
${app('productpage', '127.9.128.1')}${app('details', '127.9.128.2')}
${app('reviews', '127.9.128.3')}${app('ratings', '127.9.128.4')}
${pod('productpage', 'v1', '127.9.0.1')}${pod('details', 'v1', '127.9.0.2')}
${pod('reviews', 'v1', '127.9.0.3')}${pod('reviews', 'v2', '127.9.0.4')}
${pod('reviews', 'v3', '127.9.0.5')}${pod('ratings', 'v1', '127.9.0.6')}
---
apiVersion: v1
kind: Service
metadata: { name: istio-ingressgateway, namespace: istio-system, labels: { istio: ingressgateway } }
spec:
  clusterIP: 127.9.128.9
  selector: { istio: ingressgateway }
  ports:
  - { name: status-port, port: 15021, targetPort: 15021 }
  - { name: http2, port: 80, targetPort: 8080 }
  - { name: https, port: 443, targetPort: 8443 }
---
apiVersion: v1
kind: Pod
metadata: { name: ingress-0, namespace: istio-system, labels: { app: istio-ingressgateway, istio: ingressgateway } }
spec: { containers: [] }
status: { podIP: 127.9.0.9 }
---
`;
