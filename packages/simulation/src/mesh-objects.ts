import type { KubeObject } from '@lateen/api';
import { defaultMeshConfig, type MeshConfig, type MeshInputs } from '@lateen/translator';
import { unfetchedKeySets } from './unfetched-keys.ts';

/** Kinds a simulation reads. */
export const simulatedKinds: readonly string[] = [
  'Service',
  'EndpointSlice',
  'Pod',
  'Namespace',
  'Node',
  'VirtualService',
  'DestinationRule',
  'Gateway',
  'ServiceEntry',
  'Sidecar',
  'WorkloadEntry',
  'PeerAuthentication',
  'RequestAuthentication',
  'AuthorizationPolicy',
  'Telemetry',
];

/** Sorts objects of all kinds into the translator's inputs; kinds it does not read are left out. */
export const meshInputs = (
  objects: readonly KubeObject[],
  meshConfig: Partial<MeshConfig> = {},
): MeshInputs => {
  const byKind = Map.groupBy(objects, ({ kind }) => kind);
  const of = (kind: string): readonly KubeObject[] => byKind.get(kind) ?? [];
  const inGroup =
    (group: string) =>
    (kind: string): readonly KubeObject[] =>
      of(kind).filter(
        ({ apiVersion }) => typeof apiVersion === 'string' && apiVersion.startsWith(`${group}/`),
      );
  const networking = inGroup('networking.istio.io');
  const security = inGroup('security.istio.io');
  return {
    meshConfig: { ...defaultMeshConfig, ...meshConfig },
    services: of('Service'),
    endpointSlices: of('EndpointSlice'),
    pods: of('Pod'),
    namespaces: of('Namespace'),
    nodes: of('Node'),
    virtualServices: networking('VirtualService'),
    destinationRules: networking('DestinationRule'),
    gateways: networking('Gateway'),
    serviceEntries: networking('ServiceEntry'),
    sidecars: networking('Sidecar'),
    workloadEntries: networking('WorkloadEntry'),
    peerAuthentications: security('PeerAuthentication'),
    requestAuthentications: security('RequestAuthentication'),
    authorizationPolicies: security('AuthorizationPolicy'),
    telemetries: inGroup('telemetry.istio.io')('Telemetry'),
    keySets: unfetchedKeySets(),
  };
};
