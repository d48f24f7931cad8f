import type { KubeObject } from '@lateen/api';
import { defaultMeshConfig, type MeshInputs } from '@lateen/translator';

/** A mesh with nothing in it. */
export const noInputs: MeshInputs = {
  meshConfig: defaultMeshConfig,
  services: [],
  endpointSlices: [],
  pods: [],
  namespaces: [],
  nodes: [],
  virtualServices: [],
  destinationRules: [],
  gateways: [],
  serviceEntries: [],
  sidecars: [],
  workloadEntries: [],
  peerAuthentications: [],
  requestAuthentications: [],
  authorizationPolicies: [],
  telemetries: [],
  keySets: new Map(),
};

/** Objects of a small mesh for tests: services on port 9080 in `default`, as the API serves them. */
export const objectOf = (kind: string, name: string, fields: object): KubeObject =>
  ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
    ...fields,
  }) as unknown as KubeObject;

export const serviceOf = (name: string, port = 9080): KubeObject =>
  objectOf('Service', name, {
    spec: {
      clusterIP: `127.9.128.${name.length}`,
      selector: { app: name },
      ports: [{ name: 'http', port, targetPort: port }],
    },
  });

/** Ready endpoints of a service. */
export const sliceOf = (service: string, ...addresses: readonly string[]): KubeObject => {
  const slice = objectOf('EndpointSlice', `${service}-x`, {
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 9080 }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  });
  const labels = { 'kubernetes.io/service-name': service };
  return { ...slice, metadata: { ...slice.metadata, labels } };
};

/** A VirtualService named after its host, which sends to the host itself unless told otherwise. */
export const routeTo = (service: string, subset: string, host: string = service): KubeObject =>
  objectOf('VirtualService', service, {
    spec: { hosts: [service], http: [{ route: [{ destination: { host, subset } }] }] },
  });

/** A DestinationRule named after its host, with a subset for each version. */
export const subsetsOf = (service: string, ...versions: readonly string[]): KubeObject =>
  objectOf('DestinationRule', service, {
    spec: {
      host: service,
      subsets: versions.map((version) => ({ name: version, labels: { version } })),
    },
  });
