import { type AuthorizationPolicy, authorizationPolicy } from '../input/authorization-policy.ts';
import type { Config } from '../input/config.ts';
import {
  type EndpointSlice,
  endpointSlice,
  type KubeService,
  kubeService,
  metadataOnly,
  type Pod,
  pod,
} from '../input/core.ts';
import { type DestinationRule, destinationRule } from '../input/destination-rule.ts';
import { type Gateway, gateway } from '../input/gateway.ts';
import { type PeerAuthentication, peerAuthentication } from '../input/peer-authentication.ts';
import {
  type RequestAuthentication,
  requestAuthentication,
} from '../input/request-authentication.ts';
import {
  type ServiceEntry,
  serviceEntry,
  type WorkloadEntry,
  workloadEntry,
} from '../input/service-entry.ts';
import { type Sidecar, sidecar } from '../input/sidecar.ts';
import { type VirtualService, virtualService } from '../input/virtual-service.ts';
import type { MeshInputs } from '../mesh/mesh-inputs.ts';
import { type Workload, workloadOf } from '../registry/workload.ts';
import {
  buildPeerAuthenticationIndex,
  type PeerAuthenticationIndex,
} from '../security/peer-authentication-index.ts';
import type { PolicyIndex } from '../security/policy-index.ts';
import {
  buildServiceAccountIndex,
  type ServiceAccountIndex,
} from '../security/service-accounts.ts';
import { type ConfigSet, readConfigSet } from './config-set.ts';
import { buildDestinationRuleIndex, type DestinationRuleIndex } from './destination-rule-index.ts';
import type { PushContext } from './push-context.ts';
import {
  buildEndpointIndex,
  buildServiceIndex,
  type EndpointIndex,
  type ServiceIndex,
} from './service-index.ts';
import { type Stage, stage } from './stage.ts';
import { buildVirtualServiceIndex, type VirtualServiceIndex } from './virtual-service-index.ts';

interface ConfigSets {
  readonly services: ConfigSet<KubeService>;
  readonly endpointSlices: ConfigSet<EndpointSlice>;
  readonly pods: ConfigSet<Pod>;
  readonly nodes: ConfigSet<Record<never, never>>;
  readonly virtualServices: ConfigSet<VirtualService>;
  readonly destinationRules: ConfigSet<DestinationRule>;
  readonly gateways: ConfigSet<Gateway>;
  readonly serviceEntries: ConfigSet<ServiceEntry>;
  readonly sidecars: ConfigSet<Sidecar>;
  readonly workloadEntries: ConfigSet<WorkloadEntry>;
  readonly peerAuthentications: ConfigSet<PeerAuthentication>;
  readonly requestAuthentications: ConfigSet<RequestAuthentication>;
  readonly authorizationPolicies: ConfigSet<AuthorizationPolicy>;
}

interface Stages {
  readonly services: Stage<ServiceIndex>;
  readonly workloads: Stage<ReadonlyMap<string, Workload>>;
  readonly endpoints: Stage<EndpointIndex>;
  readonly virtualServices: Stage<VirtualServiceIndex>;
  readonly destinationRules: Stage<DestinationRuleIndex>;
  readonly peerAuthentications: Stage<PeerAuthenticationIndex>;
  readonly serviceAccounts: Stage<ServiceAccountIndex>;
  readonly requestAuthentications: Stage<PolicyIndex<RequestAuthentication>>;
  readonly authorizationPolicies: Stage<PolicyIndex<AuthorizationPolicy>>;
}

/** What a push context was built from, for the next build to reuse. */
interface Workings {
  readonly sets: ConfigSets;
  readonly stages: Stages;
}

/** Beside the push contexts, so that these stay plain data; entries go with their contexts. */
const workingsOf = new WeakMap<PushContext, Workings>();

const readSets = (inputs: MeshInputs, previous: ConfigSets | undefined): ConfigSets => ({
  services: readConfigSet(
    { kind: 'Service', reader: kubeService },
    inputs.services,
    previous?.services,
  ),
  endpointSlices: readConfigSet(
    { kind: 'EndpointSlice', reader: endpointSlice, root: 'whole' },
    inputs.endpointSlices,
    previous?.endpointSlices,
  ),
  pods: readConfigSet({ kind: 'Pod', reader: pod, root: 'whole' }, inputs.pods, previous?.pods),
  nodes: readConfigSet({ kind: 'Node', reader: metadataOnly }, inputs.nodes, previous?.nodes),
  virtualServices: readConfigSet(
    { kind: 'VirtualService', reader: virtualService },
    inputs.virtualServices,
    previous?.virtualServices,
  ),
  destinationRules: readConfigSet(
    { kind: 'DestinationRule', reader: destinationRule },
    inputs.destinationRules,
    previous?.destinationRules,
  ),
  gateways: readConfigSet(
    { kind: 'Gateway', reader: gateway },
    inputs.gateways,
    previous?.gateways,
  ),
  serviceEntries: readConfigSet(
    { kind: 'ServiceEntry', reader: serviceEntry },
    inputs.serviceEntries,
    previous?.serviceEntries,
  ),
  sidecars: readConfigSet(
    { kind: 'Sidecar', reader: sidecar },
    inputs.sidecars,
    previous?.sidecars,
  ),
  workloadEntries: readConfigSet(
    { kind: 'WorkloadEntry', reader: workloadEntry },
    inputs.workloadEntries,
    previous?.workloadEntries,
  ),
  peerAuthentications: readConfigSet(
    { kind: 'PeerAuthentication', reader: peerAuthentication },
    inputs.peerAuthentications,
    previous?.peerAuthentications,
  ),
  requestAuthentications: readConfigSet(
    { kind: 'RequestAuthentication', reader: requestAuthentication },
    inputs.requestAuthentications,
    previous?.requestAuthentications,
  ),
  authorizationPolicies: readConfigSet(
    { kind: 'AuthorizationPolicy', reader: authorizationPolicy },
    inputs.authorizationPolicies,
    previous?.authorizationPolicies,
  ),
});

const buildWorkloads = (
  pods: readonly Config<Pod>[],
  nodes: readonly Config<unknown>[],
): ReadonlyMap<string, Workload> => {
  const labelsOf = new Map(nodes.map(({ name, labels }) => [name, labels]));
  return new Map(
    pods.map((config) => [`${config.namespace}/${config.name}`, workloadOf(config, labelsOf)]),
  );
};

const byNamespace = <Spec>(
  configs: readonly Config<Spec>[],
): ReadonlyMap<string, readonly Config<Spec>[]> =>
  Map.groupBy(configs, ({ namespace }) => namespace);

const runStages = (
  { meshConfig }: MeshInputs,
  sets: ConfigSets,
  previous: Stages | undefined,
): Stages => {
  const services = stage(
    previous?.services,
    [sets.services.configs, sets.serviceEntries.configs, meshConfig],
    () => buildServiceIndex(sets.services.configs, sets.serviceEntries.configs, meshConfig),
  );
  const workloads = stage(previous?.workloads, [sets.pods.configs, sets.nodes.configs], () =>
    buildWorkloads(sets.pods.configs, sets.nodes.configs),
  );
  const endpoints = stage(
    previous?.endpoints,
    [
      services.value,
      sets.endpointSlices.configs,
      workloads.value,
      sets.workloadEntries.configs,
      meshConfig,
    ],
    () =>
      buildEndpointIndex(services.value, {
        slices: sets.endpointSlices.configs,
        workloads: workloads.value,
        workloadEntries: sets.workloadEntries.configs,
        domainSuffix: meshConfig.domainSuffix,
      }),
  );
  return {
    services,
    workloads,
    endpoints,
    virtualServices: stage(
      previous?.virtualServices,
      [sets.virtualServices.configs, meshConfig],
      () => buildVirtualServiceIndex(sets.virtualServices.configs, meshConfig),
    ),
    destinationRules: stage(
      previous?.destinationRules,
      [sets.destinationRules.configs, meshConfig],
      () => buildDestinationRuleIndex(sets.destinationRules.configs, meshConfig),
    ),
    serviceAccounts: stage(
      previous?.serviceAccounts,
      [services.value, endpoints.value, meshConfig],
      () =>
        buildServiceAccountIndex(
          services.value,
          endpoints.value,
          meshConfig,
          previous?.serviceAccounts.value,
        ),
    ),
    requestAuthentications: stage(
      previous?.requestAuthentications,
      [sets.requestAuthentications.configs],
      () => byNamespace(sets.requestAuthentications.configs),
    ),
    authorizationPolicies: stage(
      previous?.authorizationPolicies,
      [sets.authorizationPolicies.configs],
      () => byNamespace(sets.authorizationPolicies.configs),
    ),
    peerAuthentications: stage(
      previous?.peerAuthentications,
      [sets.peerAuthentications.configs, meshConfig],
      () =>
        buildPeerAuthenticationIndex(sets.peerAuthentications.configs, meshConfig.rootNamespace),
    ),
  };
};

/**
 * Reads and indexes all inputs. With the previous context, objects and indexes whose inputs are the
 * same references are taken over; the result equals one built from scratch.
 */
export const buildPushContext = (inputs: MeshInputs, previous?: PushContext): PushContext => {
  const before = previous && workingsOf.get(previous);
  const sets = readSets(inputs, before?.sets);
  const stages = runStages(inputs, sets, before?.stages);
  const push: PushContext = {
    meshConfig: inputs.meshConfig,
    services: stages.services.value,
    endpoints: stages.endpoints.value,
    workloads: stages.workloads.value,
    virtualServices: stages.virtualServices.value.virtualServices,
    destinationRules: stages.destinationRules.value,
    gateways: sets.gateways.configs,
    sidecars: sets.sidecars.configs,
    peerAuthentications: stages.peerAuthentications.value,
    serviceAccounts: stages.serviceAccounts.value,
    requestAuthentications: stages.requestAuthentications.value,
    keySets: inputs.keySets,
    authorizationPolicies: stages.authorizationPolicies.value,
    diagnostics: [
      ...Object.values(sets).flatMap((set: ConfigSet<unknown>) => set.diagnostics),
      ...stages.virtualServices.value.diagnostics,
    ],
  };
  workingsOf.set(push, { sets, stages });
  return push;
};
