import type { Deployment, EnvVar, KubeObject, PodSpec, ServicePort } from '@lateen/api';

import { proxyVolumeMounts, proxyVolumes } from '@lateen/pilot';
import { istioRoles, readerAccount } from './istio-roles.ts';
import { networkLabel } from './kube-system.ts';
import { meshConfigMap } from './mesh-config.ts';
import { discoveryPort, remoteDiscovery } from './remote-discovery.ts';

const namespace = 'istio-system';
/** Tag of the built-in images; the catalog ignores it. */
const imageTag = '0.1.0';

type Labels = Readonly<Record<string, string>>;

const serviceAccount = (name: string, labels: Labels): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace, labels },
});

const service = (
  name: string,
  labels: Labels,
  spec: {
    readonly type: string;
    readonly ports: readonly ServicePort[];
    readonly selector: Labels;
  },
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace, labels },
  spec,
});

const deployment = (
  name: string,
  selector: Labels,
  template: { readonly labels: Labels; readonly spec: PodSpec },
): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace, labels: { ...selector, release: 'istio' } },
  spec: {
    replicas: 1,
    selector: { matchLabels: selector },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '100%', maxUnavailable: '25%' } },
    template: {
      metadata: {
        labels: { ...selector, 'sidecar.istio.io/inject': 'false', ...template.labels },
        annotations: {
          ...(name !== 'istiod' && { 'prometheus.io/path': '/stats/prometheus' }),
          'prometheus.io/port': name === 'istiod' ? '15014' : '15020',
          'prometheus.io/scrape': 'true',
          'sidecar.istio.io/inject': 'false',
        },
      },
      spec: template.spec,
    },
  },
});

const tcp = (name: string, port: number, targetPort = port): ServicePort => ({
  name,
  port,
  targetPort,
  protocol: 'TCP',
});

const field = (name: string, fieldPath: string): EnvVar => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
});

const podVariables: readonly EnvVar[] = [
  field('POD_NAME', 'metadata.name'),
  field('POD_NAMESPACE', 'metadata.namespace'),
  field('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
  field('INSTANCE_IP', 'status.podIP'),
];

const istiod = (): readonly KubeObject[] => {
  const selector = { app: 'istiod', istio: 'pilot' };
  const ports = [
    tcp('grpc-xds', 15010),
    tcp('https-dns', 15012),
    tcp('https-webhook', 443, 15017),
    tcp('http-monitoring', 15014),
  ];
  return [
    serviceAccount('istiod', { app: 'istiod', release: 'istio' }),
    service('istiod', { ...selector, release: 'istio' }, { type: 'ClusterIP', ports, selector }),
    deployment('istiod', selector, {
      labels: { 'istio.io/rev': 'default' },
      spec: {
        serviceAccountName: 'istiod',
        containers: [
          {
            name: 'discovery',
            image: `lateen/pilot:${imageTag}`,
            args: ['discovery'],
            ports: [15012, 15014].map((containerPort) => ({
              containerPort,
              protocol: 'TCP',
            })),
            env: [...podVariables, { name: 'REVISION', value: 'default' }],
            readinessProbe: {
              httpGet: { path: '/ready', port: 15014 },
              initialDelaySeconds: 0,
              periodSeconds: 3,
              timeoutSeconds: 5,
            },
          },
        ],
      },
    }),
  ];
};

interface GatewaySettings {
  readonly name: string;
  /** Value of the label `istio`, by which Gateway objects select. */
  readonly role: string;
  readonly type: 'LoadBalancer' | 'ClusterIP';
  readonly ports: readonly ServicePort[];
  readonly image: string;
  /** Network it is the way into. */
  readonly networkId?: string | undefined;
}

const gateway = ({
  name,
  role,
  type,
  ports,
  image,
  networkId,
}: GatewaySettings): readonly KubeObject[] => {
  const selector = { app: name, istio: role };
  const account = `${name}-service-account`;
  const labels = { ...selector, release: 'istio' };
  const network: Labels = networkId === undefined ? {} : { [networkLabel]: networkId };
  const containerPorts = [15021, 8080, 8443, 31400, 15443, 15090];
  return [
    serviceAccount(account, labels),
    service(name, { ...labels, ...network }, { type, ports, selector }),
    deployment(name, selector, {
      labels: {
        'istio.io/rev': 'default',
        'service.istio.io/canonical-name': name,
        'service.istio.io/canonical-revision': 'latest',
      },
      spec: {
        serviceAccountName: account,
        volumes: proxyVolumes,
        containers: [
          {
            name: 'istio-proxy',
            image,
            args: ['proxy', 'router', '--domain', '$(POD_NAMESPACE).svc.cluster.local'],
            ports: containerPorts.map((containerPort) => ({ containerPort, protocol: 'TCP' })),
            env: [
              { name: 'JWT_POLICY', value: 'third-party-jwt' },
              { name: 'PILOT_CERT_PROVIDER', value: 'istiod' },
              { name: 'CA_ADDR', value: 'istiod.istio-system.svc:15012' },
              ...podVariables,
            ],
            volumeMounts: proxyVolumeMounts,
            readinessProbe: {
              httpGet: { path: '/healthz/ready', port: 15021 },
              periodSeconds: 2,
              timeoutSeconds: 3,
              failureThreshold: 30,
            },
          },
        ],
      },
    }),
  ];
};

/** What a cluster's istio-system holds. */
export interface SystemShape {
  /** The ingress gateway is the way into that network for other clusters. */
  readonly networkId?: string | undefined;
  /** Default `here`; `shared`: for other clusters too, through the ingress gateway; `elsewhere`: in another cluster. */
  readonly controlPlane?: 'here' | 'shared' | 'elsewhere';
  /** Eyes take spans. Default true. */
  readonly hasEyes?: boolean;
  /** Of both gateways. Default: our own proxy's. */
  readonly proxyImage?: string | undefined;
}

/**
 * istiod and both gateways, with the ports Istio's demo profile gives them; of a cluster whose control plane
 * is elsewhere, the Service that leads there and the ingress gateway.
 */
export const istioSystem = ({
  networkId,
  controlPlane = 'here',
  hasEyes = true,
  proxyImage: image = `lateen/proxyv2:${imageTag}`,
}: SystemShape = {}): readonly KubeObject[] => {
  const isElsewhere = controlPlane === 'elsewhere';
  return [
    ...(isElsewhere ? [] : [meshConfigMap(hasEyes)]),
    serviceAccount(readerAccount, { app: 'istio-reader', release: 'istio' }),
    ...istioRoles(isElsewhere),
    ...(isElsewhere ? [remoteDiscovery] : istiod()),
    ...gateway({
      name: 'istio-ingressgateway',
      role: 'ingressgateway',
      type: 'LoadBalancer',
      image,
      networkId,
      ports: [
        tcp('status-port', 15021),
        tcp('http2', 80, 8080),
        tcp('https', 443, 8443),
        tcp('tcp', 31400),
        tcp('tls', 15443),
        ...(controlPlane === 'shared' ? [tcp('tls-istiod', discoveryPort)] : []),
      ],
    }),
    ...(isElsewhere
      ? []
      : gateway({
          name: 'istio-egressgateway',
          role: 'egressgateway',
          type: 'ClusterIP',
          image,
          ports: [tcp('http2', 80, 8080), tcp('https', 443, 8443)],
        })),
  ];
};
