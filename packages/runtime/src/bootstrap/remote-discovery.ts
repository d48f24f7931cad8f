import type { KubeObject } from '@lateen/api';

const namespace = 'istio-system';
const name = 'istiod';
/** istiod's port of xDS and certificates, and the gateway's that leads to it (Istio's). */
export const discoveryPort = 15_012;
const portName = 'tcp-istiod';

/**
 * Istio's `istiod` Service of a cluster whose control plane is in another: without a selector, as its
 * endpoint is the other cluster's gateway.
 */
export const remoteDiscovery: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace, labels: { app: 'istiod', istio: 'istiod', release: 'istio' } },
  spec: { ports: [{ name: portName, port: discoveryPort, protocol: 'TCP' }] },
} as KubeObject;

/** Its endpoint. */
export const remoteDiscoveryEndpoints = (address: string): readonly KubeObject[] => {
  const port = { name: portName, port: discoveryPort, protocol: 'TCP' as const };
  return [
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name, namespace },
      subsets: [{ addresses: [{ ip: address }], ports: [port] }],
    } as KubeObject,
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      addressType: 'IPv4',
      metadata: {
        name,
        namespace,
        labels: {
          'kubernetes.io/service-name': name,
          'endpointslice.kubernetes.io/managed-by': 'lateen',
        },
      },
      ports: [port],
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    } as KubeObject,
  ];
};

/**
 * The other end, as Istio's `expose-istiod.yaml`: TLS on the ingress gateway's port is passed on to istiod,
 * who alone can tell the callers apart.
 */
export const exposedDiscovery = (): readonly KubeObject[] => [
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name: 'istiod-gateway', namespace },
    spec: {
      selector: { istio: 'ingressgateway' },
      servers: [
        {
          port: { name: 'tls-istiod', number: discoveryPort, protocol: 'TLS' },
          tls: { mode: 'PASSTHROUGH' },
          hosts: ['*'],
        },
      ],
    },
  } as KubeObject,
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'istiod-vs', namespace },
    spec: {
      hosts: ['*'],
      gateways: ['istiod-gateway'],
      tls: [
        {
          match: [{ port: discoveryPort, sniHosts: ['*'] }],
          route: [
            {
              destination: {
                host: 'istiod.istio-system.svc.cluster.local',
                port: { number: discoveryPort },
              },
            },
          ],
        },
      ],
    },
  } as KubeObject,
];
