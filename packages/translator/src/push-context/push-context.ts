import type { Diagnostic } from '@lateen/base';
import type { AuthorizationPolicy } from '../input/authorization-policy.ts';
import type { Config } from '../input/config.ts';
import type { Gateway } from '../input/gateway.ts';
import type { RequestAuthentication } from '../input/request-authentication.ts';
import type { Sidecar } from '../input/sidecar.ts';
import type { Telemetry } from '../input/telemetry.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import type { ClusterRegistry } from '../registry/cluster-registry.ts';
import type { NetworkGateways } from '../registry/network-gateways.ts';
import type { Workload } from '../registry/workload.ts';
import type { PeerAuthenticationIndex } from '../security/peer-authentication-index.ts';
import type { PolicyIndex } from '../security/policy-index.ts';
import type { ServiceAccountIndex } from '../security/service-accounts.ts';
import type { DestinationRuleIndex } from './destination-rule-index.ts';
import type { MeshVirtualService } from './mesh-virtual-service.ts';
import type { EndpointIndex, ServiceIndex } from './service-index.ts';

/**
 * Everything generators may know of the mesh, indexed. Immutable: a change makes a new one, which
 * shares with the old one whatever did not change.
 */
export interface PushContext {
  readonly meshConfig: MeshConfig;
  readonly services: ServiceIndex;
  readonly endpoints: EndpointIndex;
  /** How other networks are entered. */
  readonly networkGateways: NetworkGateways;
  /** Pods of the control plane's own cluster by `namespace/name`. */
  readonly workloads: ReadonlyMap<string, Workload>;
  /** What each cluster knows of the mesh; the control plane's own is the first. */
  readonly registries: readonly ClusterRegistry[];
  /** Oldest first, names resolved, delegates merged. */
  readonly virtualServices: readonly MeshVirtualService[];
  readonly destinationRules: DestinationRuleIndex;
  /** Oldest first. */
  readonly gateways: readonly Config<Gateway>[];
  /** Oldest first. */
  readonly sidecars: readonly Config<Sidecar>[];
  readonly peerAuthentications: PeerAuthenticationIndex;
  readonly requestAuthentications: PolicyIndex<RequestAuthentication>;
  /** JSON Web Key Sets as fetched, by URL. */
  readonly keySets: ReadonlyMap<string, string>;
  readonly authorizationPolicies: PolicyIndex<AuthorizationPolicy>;
  readonly telemetries: PolicyIndex<Telemetry>;
  /**
   * What names clusters check of servers. Another object than before means that clusters have to be
   * built anew, even if only endpoints changed.
   */
  readonly serviceAccounts: ServiceAccountIndex;
  /** What was found wrong in the objects; those with errors are not in the indexes, except policies. */
  readonly diagnostics: readonly Diagnostic[];
}
