import type { JsonSchema, PrinterColumn, ResourceKind } from '../resource-kind.ts';
import { anyObject } from '../schema/combinators.ts';
import { wholeObjectSchema } from '../schema/object-schema.ts';
import { envoyFilterSpecSchema } from './schema/envoy-filter.ts';
import { proxyConfigSpecSchema, wasmPluginSpecSchema } from './schema/extension.ts';
import { gatewaySpecSchema } from './schema/gateway.ts';
import {
  authorizationPolicySpecSchema,
  peerAuthenticationSpecSchema,
  requestAuthenticationSpecSchema,
} from './schema/security.ts';
import {
  serviceEntrySpecSchema,
  workloadEntrySpecSchema,
  workloadGroupSpecSchema,
} from './schema/service-entry.ts';
import { sidecarSpecSchema } from './schema/sidecar.ts';
import { telemetrySpecSchema } from './schema/telemetry.ts';
import { destinationRuleSpecSchema } from './schema/traffic-policy.ts';
import { virtualServiceSpecSchema } from './schema/virtual-service.ts';

/** The API groups of Istio's kinds. */
export const istioGroups = {
  networking: 'networking.istio.io',
  security: 'security.istio.io',
  telemetry: 'telemetry.istio.io',
  extensions: 'extensions.istio.io',
  install: 'install.istio.io',
} as const;

const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since the object was created',
};

const column = (name: string, jsonPath: string, description: string): PrinterColumn => ({
  name,
  type: 'string',
  jsonPath,
  description,
});

interface IstioKind {
  readonly group: keyof typeof istioGroups;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  /** Preferred and stored version first. */
  readonly versions: readonly string[];
  readonly spec: JsonSchema;
  readonly specRequired?: boolean;
  readonly columns?: readonly PrinterColumn[];
}

const istioKind = (kind: IstioKind): ResourceKind => {
  const group = istioGroups[kind.group];
  const schema = wholeObjectSchema({
    type: 'object',
    properties: { spec: kind.spec, status: anyObject },
    ...(kind.specRequired && { required: ['spec'] }),
  });
  return {
    group,
    kind: kind.kind,
    plural: kind.plural,
    singular: kind.kind.toLowerCase(),
    ...(kind.shortNames && { shortNames: kind.shortNames }),
    categories: ['istio-io', `${kind.group}-istio-io`],
    namespaced: true,
    versions: kind.versions.map((name) => ({
      name,
      schema,
      printerColumns: kind.columns ?? [age],
    })),
    storageVersion: kind.versions[0] ?? 'v1',
    statusSubresource: true,
  };
};

const networkingVersions = ['v1', 'v1beta1', 'v1alpha3'] as const;
const networking = { group: 'networking', versions: networkingVersions } as const;
const security = { group: 'security', versions: ['v1', 'v1beta1'] } as const;

/** The kinds Istio installs, all versions people still write; served by way of their CRDs. */
export const istioKinds: readonly ResourceKind[] = [
  istioKind({
    ...networking,
    kind: 'VirtualService',
    plural: 'virtualservices',
    shortNames: ['vs'],
    spec: virtualServiceSpecSchema,
    specRequired: true,
    columns: [
      column('Gateways', '.spec.gateways', 'Gateways and sidecars these routes apply to'),
      column('Hosts', '.spec.hosts', 'Destination hosts the traffic is sent to'),
      age,
    ],
  }),
  istioKind({
    ...networking,
    kind: 'DestinationRule',
    plural: 'destinationrules',
    shortNames: ['dr'],
    spec: destinationRuleSpecSchema,
    specRequired: true,
    columns: [column('Host', '.spec.host', 'Service the rule is about'), age],
  }),
  istioKind({
    ...networking,
    kind: 'Gateway',
    plural: 'gateways',
    shortNames: ['gw'],
    spec: gatewaySpecSchema,
    specRequired: true,
  }),
  istioKind({
    ...networking,
    kind: 'ServiceEntry',
    plural: 'serviceentries',
    shortNames: ['se'],
    spec: serviceEntrySpecSchema,
    specRequired: true,
    columns: [
      column('Hosts', '.spec.hosts', 'Hosts of the service'),
      column('Location', '.spec.location', 'MESH_EXTERNAL or MESH_INTERNAL'),
      column('Resolution', '.spec.resolution', 'How endpoints are found'),
      age,
    ],
  }),
  istioKind({
    ...networking,
    kind: 'WorkloadEntry',
    plural: 'workloadentries',
    shortNames: ['we'],
    spec: workloadEntrySpecSchema,
    specRequired: true,
    columns: [age, column('Address', '.spec.address', 'Address of the workload')],
  }),
  istioKind({
    ...networking,
    kind: 'WorkloadGroup',
    plural: 'workloadgroups',
    shortNames: ['wg'],
    spec: workloadGroupSpecSchema,
    specRequired: true,
  }),
  istioKind({ ...networking, kind: 'Sidecar', plural: 'sidecars', spec: sidecarSpecSchema }),
  istioKind({
    group: 'networking',
    versions: ['v1alpha3'],
    kind: 'EnvoyFilter',
    plural: 'envoyfilters',
    spec: envoyFilterSpecSchema,
  }),
  istioKind({
    group: 'networking',
    versions: ['v1beta1'],
    kind: 'ProxyConfig',
    plural: 'proxyconfigs',
    spec: proxyConfigSpecSchema,
  }),
  istioKind({
    ...security,
    kind: 'PeerAuthentication',
    plural: 'peerauthentications',
    shortNames: ['pa'],
    spec: peerAuthenticationSpecSchema,
    columns: [column('Mode', '.spec.mtls.mode', 'Mutual TLS mode'), age],
  }),
  istioKind({
    ...security,
    kind: 'RequestAuthentication',
    plural: 'requestauthentications',
    shortNames: ['ra'],
    spec: requestAuthenticationSpecSchema,
  }),
  istioKind({
    ...security,
    kind: 'AuthorizationPolicy',
    plural: 'authorizationpolicies',
    shortNames: ['ap'],
    spec: authorizationPolicySpecSchema,
    columns: [column('Action', '.spec.action', 'What a match does'), age],
  }),
  istioKind({
    group: 'telemetry',
    versions: ['v1', 'v1alpha1'],
    kind: 'Telemetry',
    plural: 'telemetries',
    shortNames: ['telemetry'],
    spec: telemetrySpecSchema,
  }),
  istioKind({
    group: 'extensions',
    versions: ['v1alpha1'],
    kind: 'WasmPlugin',
    plural: 'wasmplugins',
    spec: wasmPluginSpecSchema,
    specRequired: true,
  }),
  istioKind({
    group: 'install',
    versions: ['v1alpha1'],
    kind: 'IstioOperator',
    plural: 'istiooperators',
    shortNames: ['iop', 'io'],
    spec: anyObject,
    columns: [
      column('Revision', '.spec.revision', 'Control plane revision'),
      column('Status', '.status.status', 'State of the installation'),
      age,
    ],
  }),
];
