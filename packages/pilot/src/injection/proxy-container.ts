import type { Container, EnvVar, Pod } from '@lateen/api';
import type { InjectionOptions } from './injection-options.ts';
import { proxyMetadata } from './proxy-metadata.ts';
import { proxyVolumeMounts } from './proxy-volumes.ts';
import type { WorkloadIdentity } from './workload-identity.ts';

/** Istio's names: tools and people look for them. */
export const proxyContainerName = 'istio-proxy';
/** Istio's init container that redirects traffic. */
export const initContainerName = 'istio-init';

/** The proxy's Prometheus port, its readiness port, and the port of app and proxy metrics together. */
const prometheusPort = 15090;
const readinessPort = 15021;
/** Where the app's and the proxy's metrics are one page. */
export const mergedMetricsPort = 15020;

/** User of the proxy, whose own traffic netfilter leaves alone. */
const proxyUser = 1337;

/**
 * The pod is ready when its proxy has its configuration, and should be as soon as it has: asked every
 * second, and given half a minute to come back before it is taken out of service.
 */
const readiness = { periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 30 };

/** The container `istio-proxy`. */
export const proxyContainer = (
  pod: Pod,
  identity: WorkloadIdentity,
  options: InjectionOptions,
): Container => ({
  name: proxyContainerName,
  image: imageOf(pod, options),
  args: ['proxy', 'sidecar', '--domain', '$(POD_NAMESPACE).svc.cluster.local'],
  ports: [{ name: 'http-envoy-prom', containerPort: prometheusPort, protocol: 'TCP' }],
  env: proxyEnvironment(pod, identity, options),
  volumeMounts: proxyVolumeMounts,
  resources: { requests: { cpu: '10m', memory: '40Mi' } },
  readinessProbe: { httpGet: { path: '/healthz/ready', port: readinessPort }, ...readiness },
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    privileged: false,
    readOnlyRootFilesystem: true,
    runAsGroup: proxyUser,
    runAsNonRoot: true,
    runAsUser: proxyUser,
  },
});

/** The container `istio-init`: Istio's netfilter rules, with the pod's annotations that change them. */
export const initContainer = (pod: Pod, options: InjectionOptions): Container => {
  const annotation = (name: string, preset: string): string =>
    pod.metadata.annotations?.[`traffic.sidecar.istio.io/${name}`] ?? preset;
  const excluded = [annotation('excludeInboundPorts', ''), '15090', '15021', '15020'];
  return {
    name: initContainerName,
    image: imageOf(pod, options),
    args: [
      'istio-iptables',
      '-p=15001',
      '-z=15006',
      `-u=${proxyUser}`,
      `-m=${options.interception}`,
      `-i=${annotation('includeOutboundIPRanges', '*')}`,
      `-x=${annotation('excludeOutboundIPRanges', '')}`,
      `-b=${annotation('includeInboundPorts', '*')}`,
      `-d=${excluded.filter((port) => port !== '').join(',')}`,
      `-o=${annotation('excludeOutboundPorts', '')}`,
    ],
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: false,
      runAsGroup: 0,
      runAsNonRoot: false,
      runAsUser: 0,
    },
  };
};

const imageOf = (pod: Pod, options: InjectionOptions): string =>
  pod.metadata.annotations?.['sidecar.istio.io/proxyImage'] ?? options.proxyImage;

const field = (name: string, fieldPath: string): EnvVar => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
});

const proxyEnvironment = (
  pod: Pod,
  identity: WorkloadIdentity,
  options: InjectionOptions,
): readonly EnvVar[] => {
  const containers = pod.spec.containers;
  const ports = containers.flatMap((container) => container.ports ?? []);
  return [
    { name: 'JWT_POLICY', value: 'third-party-jwt' },
    { name: 'PILOT_CERT_PROVIDER', value: 'istiod' },
    { name: 'CA_ADDR', value: 'istiod.istio-system.svc:15012' },
    field('POD_NAME', 'metadata.name'),
    field('POD_NAMESPACE', 'metadata.namespace'),
    field('INSTANCE_IP', 'status.podIP'),
    field('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
    field('HOST_IP', 'status.hostIP'),
    { name: 'ISTIO_META_POD_PORTS', value: JSON.stringify(ports) },
    { name: 'ISTIO_META_APP_CONTAINERS', value: containers.map(({ name }) => name).join(',') },
    { name: 'ISTIO_META_CLUSTER_ID', value: options.clusterId },
    ...(options.network === undefined
      ? []
      : [{ name: 'ISTIO_META_NETWORK', value: options.network }]),
    field('ISTIO_META_NODE_NAME', 'spec.nodeName'),
    { name: 'ISTIO_META_INTERCEPTION_MODE', value: options.interception },
    { name: 'ISTIO_META_WORKLOAD_NAME', value: identity.name },
    { name: 'ISTIO_META_OWNER', value: identity.owner },
    { name: 'ISTIO_META_MESH_ID', value: options.meshId },
    { name: 'TRUST_DOMAIN', value: options.trustDomain },
    ...appMetrics(pod),
    // Behind ours: Kubernetes goes by the last of a name.
    ...(proxyMetadata(pod).value ?? []),
  ];
};

/** Where the app's own metrics are, for the proxy to merge them with its own. */
const appMetrics = ({ metadata }: Pod): readonly EnvVar[] => {
  const of = (name: string): string | undefined => metadata.annotations?.[`prometheus.io/${name}`];
  if (of('scrape') !== 'true') return [];
  const value = JSON.stringify({ scrape: 'true', path: of('path') ?? '', port: of('port') ?? '' });
  return [{ name: 'ISTIO_PROMETHEUS_ANNOTATIONS', value }];
};
