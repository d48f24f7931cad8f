import type { Pod, Service } from '@lateen/api';

const labels = { app: 'istio-ingressgateway', istio: 'ingressgateway' };

const ports = [
  ['status-port', 15_021],
  ['http2', 80],
  ['https', 443],
  ['tcp', 31_400],
  ['tls', 15_443],
] as const;

/**
 * The ingress gateway of a default installation, as far as analyzers look at it: what files without a cluster
 * are analyzed against, as istioctl does. Gateways may name the container's ports 8080 and 8443 too.
 */
export const defaultGatewayObjects = (rootNamespace = 'istio-system'): readonly [Pod, Service] => {
  const metadata = { name: 'istio-ingressgateway', namespace: rootNamespace, labels };
  const targets: Readonly<Record<number, number>> = { 80: 8_080, 443: 8_443 };
  return [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { containers: [{ name: 'istio-proxy', image: 'lateen/proxyv2' }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        type: 'LoadBalancer',
        selector: labels,
        ports: ports.map(([name, port]) => ({ name, port, targetPort: targets[port] ?? port })),
      },
    },
  ];
};
