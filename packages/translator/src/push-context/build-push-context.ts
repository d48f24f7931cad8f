import { type AuthorizationPolicy, authorizationPolicy } from '../input/authorization-policy.ts';
import type { Config } from '../input/config.ts';
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
import { type Telemetry, telemetry } from '../input/telemetry.ts';
import { type VirtualService, virtualService } from '../input/virtual-service.ts';
import type { MeshInputs } from '../mesh/mesh-inputs.ts';
import { type NetworkGateways, networkGateways } from '../registry/network-gateways.ts';
import { keepGoodRules, keepRestrictions, keepWhole } from '../security/invalid-policy.ts';
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
import { type RegistryReading, readRegistry } from './read-registry.ts';
import {
  buildEndpointIndex,
  buildServiceIndex,
  type EndpointIndex,
  type ServiceIndex,
} from './service-index.ts';
import { type Stage, stage } from './stage.ts';
import { buildVirtualServiceIndex, type VirtualServiceIndex } from './virtual-service-index.ts';

interface ConfigSets {
  readonly virtualServices: ConfigSet<VirtualService>;
  readonly destinationRules: ConfigSet<DestinationRule>;
  readonly gateways: ConfigSet<Gateway>;
  readonly serviceEntries: ConfigSet<ServiceEntry>;
  readonly sidecars: ConfigSet<Sidecar>;
  readonly workloadEntries: ConfigSet<WorkloadEntry>;
  readonly peerAuthentications: ConfigSet<PeerAuthentication>;
  readonly requestAuthentications: ConfigSet<RequestAuthentication>;
  readonly authorizationPolicies: ConfigSet<AuthorizationPolicy>;
  readonly telemetries: ConfigSet<Telemetry>;
}

interface Stages {
  readonly networkGateways: Stage<NetworkGateways>;
  readonly services: Stage<ServiceIndex>;
  readonly endpoints: Stage<EndpointIndex>;
  readonly virtualServices: Stage<VirtualServiceIndex>;
  readonly destinationRules: Stage<DestinationRuleIndex>;
  readonly peerAuthentications: Stage<PeerAuthenticationIndex>;
  readonly serviceAccounts: Stage<ServiceAccountIndex>;
  readonly requestAuthentications: Stage<PolicyIndex<RequestAuthentication>>;
  readonly authorizationPolicies: Stage<PolicyIndex<AuthorizationPolicy>>;
  readonly telemetries: Stage<PolicyIndex<Telemetry>>;
}

/** Istio's name for a cluster that was given none. */
const defaultClusterId = 'Kubernetes';

/** What a push context was built from, for the next build to reuse. */
interface Workings {
  readonly registries: readonly RegistryReading[];
  readonly sets: ConfigSets;
  readonly stages: Stages;
}

/** Beside the push contexts, so that these stay plain data; entries go with their contexts. */
const workingsOf = new WeakMap<PushContext, Workings>();

const readSets = (inputs: MeshInputs, previous: ConfigSets | undefined): ConfigSets => ({
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
    { kind: 'PeerAuthentication', reader: peerAuthentication, salvage: keepWhole },
    inputs.peerAuthentications,
    previous?.peerAuthentications,
  ),
  requestAuthentications: readConfigSet(
    { kind: 'RequestAuthentication', reader: requestAuthentication, salvage: keepGoodRules },
    inputs.requestAuthentications,
    previous?.requestAuthentications,
  ),
  authorizationPolicies: readConfigSet(
    { kind: 'AuthorizationPolicy', reader: authorizationPolicy, salvage: keepRestrictions },
    inputs.authorizationPolicies,
    previous?.authorizationPolicies,
  ),
  telemetries: readConfigSet(
    { kind: 'Telemetry', reader: telemetry },
    inputs.telemetries,
    previous?.telemetries,
  ),
});

const byNamespace = <Spec>(
  configs: readonly Config<Spec>[],
): ReadonlyMap<string, readonly Config<Spec>[]> =>
  Map.groupBy(configs, ({ namespace }) => namespace);

/** The proxies' own cluster first, then the others. */
const readRegistries = (
  inputs: MeshInputs,
  previous: readonly RegistryReading[],
): readonly RegistryReading[] => {
  const { clusterId = defaultClusterId, remoteClusters = [], meshConfig } = inputs;
  return [{ ...inputs, clusterId }, ...remoteClusters].map((cluster) =>
    readRegistry(
      cluster,
      meshConfig.rootNamespace,
      previous.find(({ registry }) => registry.clusterId === cluster.clusterId),
    ),
  );
};

const runStages = (
  { meshConfig }: MeshInputs,
  { sets, registries }: Pick<Workings, 'sets' | 'registries'>,
  previous: Stages | undefined,
): Stages => {
  const known = registries.map(({ registry }) => registry);
  const kubeServices = known.map(({ services }) => services);
  const places = known.flatMap(({ clusterId, network }) => [clusterId, network]);
  const services = stage(
    previous?.services,
    [...kubeServices, ...places, sets.serviceEntries.configs, meshConfig],
    () => buildServiceIndex(known, sets.serviceEntries.configs, meshConfig),
  );
  const endpoints = stage(
    previous?.endpoints,
    [
      services.value,
      ...known.flatMap(({ slices, workloads }) => [slices, workloads]),
      ...places,
      sets.workloadEntries.configs,
      meshConfig,
    ],
    () =>
      buildEndpointIndex(services.value, {
        registries: known,
        workloadEntries: sets.workloadEntries.configs,
        domainSuffix: meshConfig.domainSuffix,
      }),
  );
  return {
    services,
    networkGateways: stage(previous?.networkGateways, [...kubeServices, ...places], () =>
      networkGateways(known),
    ),
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
    telemetries: stage(previous?.telemetries, [sets.telemetries.configs], () =>
      byNamespace(sets.telemetries.configs),
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
  const registries = readRegistries(inputs, before?.registries ?? []);
  const stages = runStages(inputs, { sets, registries }, before?.stages);
  const push: PushContext = {
    meshConfig: inputs.meshConfig,
    services: stages.services.value,
    endpoints: stages.endpoints.value,
    networkGateways: stages.networkGateways.value,
    workloads: registries[0]?.registry.workloads ?? new Map(),
    registries: registries.map(({ registry }) => registry),
    virtualServices: stages.virtualServices.value.virtualServices,
    destinationRules: stages.destinationRules.value,
    gateways: sets.gateways.configs,
    sidecars: sets.sidecars.configs,
    peerAuthentications: stages.peerAuthentications.value,
    serviceAccounts: stages.serviceAccounts.value,
    requestAuthentications: stages.requestAuthentications.value,
    keySets: inputs.keySets,
    authorizationPolicies: stages.authorizationPolicies.value,
    telemetries: stages.telemetries.value,
    diagnostics: [
      ...[sets, ...registries.map((reading) => reading.sets)]
        .flatMap((group) => Object.values(group))
        .flatMap((set: ConfigSet<unknown>) => set.diagnostics),
      ...stages.virtualServices.value.diagnostics,
    ],
  };
  workingsOf.set(push, { sets, registries, stages });
  return push;
};
