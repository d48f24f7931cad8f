import type { KubeObject, ServicePort } from '@lateen/api';
import type { KubeClient } from '@lateen/kube';
import type { AddonEndpoints } from '../images/addon-images.ts';
import { overwriteObjects } from './object-applier.ts';

/**
 * Where proxies and apps send spans and logs: in kube-system, whose services are each cluster's own, so that
 * it never leads to another cluster's eyes.
 */
const name = 'lateen-telemetry';
const namespace = 'kube-system';

/** Its name for the providers of MeshConfig. */
export const telemetryHost: string = `${name}.${namespace}.svc.cluster.local`;

/** Ports by custom, and what the mesh takes them for by their names. */
export const telemetryPorts = {
  'grpc-otlp': 4317,
  'http-otlp': 4318,
  'http-zipkin': 9411,
} as const;

type PortName = keyof typeof telemetryPorts;

const metadata = { name, namespace, labels: { app: name } };

/** Has no selector: what is behind it runs beside the cluster. */
export const telemetryService = (): KubeObject => {
  const ports = Object.entries(telemetryPorts).map(
    ([portName, port]): ServicePort => ({
      name: portName,
      port,
      targetPort: port,
      protocol: 'TCP',
    }),
  );
  const spec = { type: 'ClusterIP', ports };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec } as KubeObject;
};

const realPorts = (endpoints: AddonEndpoints): readonly (readonly [PortName, URL])[] =>
  (
    [
      ['grpc-otlp', endpoints.otlpGrpc],
      ['http-otlp', endpoints.otlp],
      ['http-zipkin', endpoints.zipkin],
    ] as const
  ).flatMap(([portName, url]) => (url === undefined ? [] : [[portName, new URL(url)]]));

/** The receivers as the Service's endpoint; undefined: nobody takes anything. */
const telemetrySlice = (endpoints: AddonEndpoints | undefined): KubeObject => {
  const ports = endpoints === undefined ? [] : realPorts(endpoints);
  const addresses = new Set(ports.map(([, { hostname }]) => hostname));
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
    metadata: {
      ...metadata,
      labels: {
        'kubernetes.io/service-name': name,
        'endpointslice.kubernetes.io/managed-by': 'lateen',
      },
    },
    ports: ports.map(([portName, { port }]) => ({
      name: portName,
      port: Number(port),
      protocol: 'TCP',
    })),
    endpoints: [...addresses].map((address) => ({
      addresses: [address],
      conditions: { ready: true },
    })),
  } as KubeObject;
};

/** Points the Service at the eyes' receivers; without them what is sent there is refused at once. */
export const publishTelemetry = async (
  client: KubeClient,
  endpoints: AddonEndpoints | undefined,
): Promise<void> => overwriteObjects(client, [telemetrySlice(endpoints)]);
