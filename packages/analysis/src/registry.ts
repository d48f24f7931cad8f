import type { Analyzer } from './analyzer.ts';
import { annotations } from './analyzers/annotations.ts';
import { applicationUid } from './analyzers/application-uid.ts';
import { authorizationPolicies } from './analyzers/authorization-policies.ts';
import { automaticImage } from './analyzers/automatic-image.ts';
import { gatewayConflicts } from './analyzers/conflicting-gateways.ts';
import { conflictingMeshHosts } from './analyzers/conflicting-mesh-hosts.ts';
import { denyGaps } from './analyzers/deny-gaps.ts';
import { deploymentServices } from './analyzers/deployment-services.ts';
import { deprecatedFields } from './analyzers/deprecated-fields.ts';
import { destinationHosts } from './analyzers/destination-hosts.ts';
import { destinationRuleSubsets } from './analyzers/destination-rule-subsets.ts';
import { destinationSubsets } from './analyzers/destination-subsets.ts';
import { duplicateCertificates } from './analyzers/duplicate-certificates.ts';
import { envoyFilterOperations } from './analyzers/envoy-filter-operations.ts';
import { gatewayApiSelectors } from './analyzers/gateway-api-selectors.ts';
import { gatewaySecrets } from './analyzers/gateway-secrets.ts';
import { gatewayPorts } from './analyzers/gateway-workloads.ts';
import { ingressSubsets } from './analyzers/ingress-subsets.ts';
import { injection } from './analyzers/injection.ts';
import { jwtClaimRoutes } from './analyzers/jwt-claim-routes.ts';
import { mutualTlsMismatches } from './analyzers/mutual-tls-mismatches.ts';
import { notImplementedFields } from './analyzers/not-implemented-fields.ts';
import { peerAuthentications } from './analyzers/peer-authentications.ts';
import { schemaValidation } from './analyzers/schema-validation.ts';
import { serviceEntryAddresses } from './analyzers/service-entry-addresses.ts';
import { servicePortNames } from './analyzers/service-port-names.ts';
import { sidecarDefaults, sidecarSelectors } from './analyzers/sidecar-selectors.ts';
import { telemetryProviders } from './analyzers/telemetry-providers.ts';
import { telemetryDefaults, telemetrySelectors } from './analyzers/telemetry-selectors.ts';
import { tokenPolicies } from './analyzers/token-policies.ts';
import { unreachableRules } from './analyzers/unreachable-rules.ts';
import { unverifiedServers } from './analyzers/unverified-servers.ts';
import { virtualServiceGateways } from './analyzers/virtual-service-gateways.ts';

/** Every analyzer there is, by name. */
export const analyzers: readonly Analyzer[] = [
  annotations,
  applicationUid,
  authorizationPolicies,
  automaticImage,
  conflictingMeshHosts,
  denyGaps,
  deploymentServices,
  deprecatedFields,
  destinationHosts,
  destinationRuleSubsets,
  destinationSubsets,
  duplicateCertificates,
  envoyFilterOperations,
  gatewayApiSelectors,
  gatewayConflicts,
  gatewayPorts,
  gatewaySecrets,
  ingressSubsets,
  injection,
  jwtClaimRoutes,
  mutualTlsMismatches,
  notImplementedFields,
  peerAuthentications,
  schemaValidation,
  serviceEntryAddresses,
  servicePortNames,
  sidecarDefaults,
  sidecarSelectors,
  telemetryDefaults,
  telemetryProviders,
  telemetrySelectors,
  tokenPolicies,
  unreachableRules,
  unverifiedServers,
  virtualServiceGateways,
].toSorted((a, b) => (a.name < b.name ? -1 : 1));
