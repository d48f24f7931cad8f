import type { Severity } from '@lateen/base';

/** What an analyzer says: code, level and text of Istio's pkg/config/analysis/msg/messages.yaml. */
export interface Message {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
}

const error = (code: string, message: string): Message => ({ code, severity: 'error', message });
const warning = (code: string, message: string): Message => ({
  code,
  severity: 'warning',
  message,
});
const info = (code: string, message: string): Message => ({ code, severity: 'info', message });

/** A list as Go prints it: `[a b]`. */
const list = (items: readonly (string | number)[]): string => `[${items.join(' ')}]`;

/** A string as Go's `%q` prints it, for what names can hold. */
export const quoted = (text: string): string => JSON.stringify(text);

export const deprecated = (detail: string): Message => warning('IST0002', `Deprecated: ${detail}`);

/** `type` is what kind of thing is missing (`host`, `gateway`), `value` how it was written. */
export const referencedResourceNotFound = (type: string, value: string): Message =>
  error('IST0101', `Referenced ${type} not found: ${quoted(value)}`);

export const namespaceNotInjected = (namespace: string): Message =>
  info(
    'IST0102',
    `The namespace is not enabled for Istio injection. Run 'kubectl label namespace ${namespace} istio-injection=enabled' to enable it, or 'kubectl label namespace ${namespace} istio-injection=disabled' to explicitly mark it as not needing injection.`,
  );

export const podMissingProxy = (pod: string): Message =>
  warning(
    'IST0103',
    `The pod ${pod} is missing the Istio proxy. This can often be resolved by restarting or redeploying the workload.`,
  );

export const schemaValidationError = (detail: string): Message =>
  error('IST0106', `Schema validation error: ${detail}`);

export const misplacedAnnotation = (annotation: string, kinds: readonly string[]): Message =>
  warning(
    'IST0107',
    `Misplaced annotation: ${annotation} can only be applied to ${kinds.join(', ')}`,
  );

export const unknownAnnotation = (annotation: string): Message =>
  warning('IST0108', `Unknown annotation: ${annotation}`);

export const conflictingMeshGatewayVirtualServiceHosts = (
  virtualServices: readonly string[],
  host: string,
): Message =>
  error(
    'IST0109',
    `The VirtualServices ${virtualServices.join(',')} associated with mesh gateway define the same host ${host} which can lead to undefined behavior. This can be fixed by merging the conflicting VirtualServices into a single resource.`,
  );

export const conflictingSidecarWorkloadSelectors = (
  sidecars: readonly string[],
  namespace: string,
  pod: string,
): Message =>
  error(
    'IST0110',
    `The Sidecars ${list(sidecars)} in namespace ${quoted(namespace)} select the same workload pod ${quoted(pod)}, which can lead to undefined behavior.`,
  );

export const multipleSidecarsWithoutWorkloadSelectors = (
  sidecars: readonly string[],
  namespace: string,
): Message =>
  error(
    'IST0111',
    `The Sidecars ${list(sidecars)} in namespace ${quoted(namespace)} have no workload selector, which can lead to undefined behavior.`,
  );

export const virtualServiceDestinationPortSelectorRequired = (
  host: string,
  ports: readonly number[],
): Message =>
  error(
    'IST0112',
    `This VirtualService routes to a service ${quoted(host)} that exposes multiple ports ${list(ports)}. Specifying a port in the destination is required to disambiguate.`,
  );

export const deploymentAssociatedToMultipleServices = (
  deployment: string,
  port: number,
  services: readonly string[],
): Message =>
  warning(
    'IST0116',
    `This deployment ${deployment} is associated with multiple services using port ${port} but different protocols: ${list(services)}`,
  );

export const portNameIsNotUnderNamingConvention = (
  name: string,
  port: number,
  targetPort: string,
): Message =>
  info(
    'IST0118',
    `Port name ${name} (port: ${port}, targetPort: ${targetPort}) doesn't follow the naming convention of Istio port.`,
  );

export const namespaceMultipleInjectionLabels = (labels: readonly string[]): Message =>
  warning(
    'IST0123',
    `The namespace has more than one type of injection labels ${list(labels)}, which may lead to undefined behavior. Make sure only one injection label exists.`,
  );

export const noMatchingWorkloadsFound = (labels: string): Message =>
  warning(
    'IST0127',
    `No matching workloads for this resource with the following labels: ${labels}`,
  );

/** What IST0128 and IST0129 name. */
export interface UnverifiedServer {
  /** `namespace/name`. */
  readonly rule: string;
  readonly namespace: string;
  readonly mode: string;
  readonly host: string;
}

const unverified = ({ rule, namespace, mode, host }: UnverifiedServer): string =>
  `DestinationRule ${rule} in namespace ${namespace} has TLS mode set to ${mode} but no caCertificates are set to validate server identity for host: ${host}`;

export const noServerCertificateVerificationDestinationLevel = (
  server: UnverifiedServer,
): Message => warning('IST0128', unverified(server));

/** `port` as protobuf prints a PortSelector: `number:443`. */
export const noServerCertificateVerificationPortLevel = (
  server: UnverifiedServer,
  port: string,
): Message => warning('IST0129', `${unverified(server)} at port ${port}`);

export const virtualServiceUnreachableRule = (rule: string, reason: string): Message =>
  warning('IST0130', `VirtualService rule ${rule} not used (${reason}).`);

export const virtualServiceIneffectiveMatch = (
  rule: string,
  match: string,
  other: string,
): Message =>
  info(
    'IST0131',
    `VirtualService rule ${rule} match ${match} is not used (duplicate/overlapping match in rule ${other}).`,
  );

export const virtualServiceHostNotFoundInGateway = (
  hosts: readonly string[],
  virtualService: string,
  gateway: string,
): Message =>
  warning(
    'IST0132',
    `one or more host ${list(hosts)} defined in VirtualService ${virtualService} not found in Gateway ${gateway}.`,
  );

export const schemaWarning = (detail: string): Message =>
  warning('IST0133', `Schema validation warning: ${detail}`);

export const serviceEntryAddressesRequired: Message = warning(
  'IST0134',
  'ServiceEntry addresses are required for this protocol.',
);

/** `extra` names the replacement, with a leading blank, or is empty. */
export const deprecatedAnnotation = (annotation: string, extra: string): Message =>
  info(
    'IST0135',
    `Annotation ${quoted(annotation)} has been deprecated${extra} and may not work in future Istio versions.`,
  );

/** Services of a deployment that disagree on one target port. */
export interface PortConflict {
  readonly deployment: string;
  readonly services: readonly string[];
  readonly targetPort: string;
  readonly ports: readonly number[];
}

export const deploymentConflictingPorts = (conflict: PortConflict): Message =>
  warning(
    'IST0137',
    `This deployment ${conflict.deployment} is associated with multiple services ${list(conflict.services)} using targetPort ${quoted(conflict.targetPort)} but different ports: ${list(conflict.ports)}.`,
  );

export const gatewayDuplicateCertificate = (gateways: readonly string[]): Message =>
  warning(
    'IST0138',
    `Duplicate certificate in multiple gateways ${list(gateways)} may cause 404s if clients re-use HTTP2 connections.`,
  );

/** `rule` splits a service into subsets; `gatewayRule` sends it requests of a gateway. */
export const ingressRouteRulesNotAffected = (rule: string, gatewayRule: string): Message =>
  warning(
    'IST0140',
    `Subset in virtual service ${rule} has no effect on ingress gateway ${gatewayRule} requests`,
  );

export const invalidApplicationUid: Message = warning(
  'IST0144',
  'User ID (UID) 1337 is reserved for the sidecar proxy.',
);

/** Gateways that claim the same hosts on one port. */
export interface GatewayConflict {
  readonly gateways: readonly string[];
  readonly selector: string;
  readonly port: number;
  readonly hosts: readonly string[];
}

export const conflictingGateways = ({
  gateways,
  selector,
  port,
  hosts,
}: GatewayConflict): Message =>
  error(
    'IST0145',
    `Conflict with gateways ${gateways.join(',')} (workload selector ${selector}, port ${port}, hosts ${hosts.join(',')}).`,
  );

const imageAuto = (kind: string, name: string): string =>
  `${kind} ${name} contains \`image: auto\` but does not match any Istio injection webhook selectors.`;

export const imageAutoWithoutInjectionWarning = (kind: string, name: string): Message =>
  warning('IST0146', imageAuto(kind, name));

export const imageAutoWithoutInjectionError = (kind: string, name: string): Message =>
  error('IST0147', imageAuto(kind, name));

export const jwtClaimBasedRoutingWithoutRequestAuthN = (
  key: string,
  gateway: string,
  pod: string,
): Message =>
  error(
    'IST0149',
    `The virtual service uses the JWT claim based routing (key: ${key}) but found no request authentication for the gateway (${gateway}) pod (${pod}). The request authentication must first be applied for the gateway pods to validate the JWT token and make the claims available for routing.`,
  );

export const externalNameServiceTypeInvalidPortName: Message = warning(
  'IST0150',
  'Port name for ExternalName service is invalid. Proxy may prevent tcp named ports and unmatched traffic for ports serving TCP protocol from being forwarded correctly',
);

export const envoyFilterUsesRelativeOperation: Message = warning(
  'IST0151',
  'This EnvoyFilter does not have a priority and has a relative patch operation set which can cause the EnvoyFilter not to be applied. Using the INSERT_FIRST of ADD option or setting the priority may help in ensuring the EnvoyFilter is applied correctly.',
);

export const envoyFilterUsesReplaceOperationIncorrectly: Message = error(
  'IST0152',
  'The REPLACE operation is only valid for HTTP_FILTER and NETWORK_FILTER.',
);

export const envoyFilterUsesAddOperationIncorrectly: Message = error(
  'IST0153',
  'The ADD operation will be ignored when applyTo is set to ROUTE_CONFIGURATION, or HTTP_ROUTE.',
);

export const envoyFilterUsesRemoveOperationIncorrectly: Message = error(
  'IST0154',
  'The REMOVE operation will be ignored when applyTo is set to ROUTE_CONFIGURATION, or HTTP_ROUTE.',
);

export const envoyFilterUsesRelativeOperationWithProxyVersion: Message = warning(
  'IST0155',
  'This EnvoyFilter does not have a priority and has a relative patch operation (NSTERT_BEFORE/AFTER, REPLACE, MERGE, DELETE) and proxyVersion set which can cause the EnvoyFilter not to be applied during an upgrade. Using the INSERT_FIRST or ADD option or setting the priority may help in ensuring the EnvoyFilter is applied correctly.',
);

export const invalidGatewayCredential = (gateway: string, namespace: string): Message =>
  error(
    'IST0161',
    `The credential referenced by the Gateway ${gateway} in namespace ${namespace} is invalid, which can cause the traffic not to work as expected.`,
  );

export const gatewayPortNotDefinedOnService = (port: number, selector: string): Message =>
  warning(
    'IST0162',
    `The gateway is listening on a target port (port ${port}) that is not defined in the Service associated with its workload instances (Pod selector ${selector}). If you need to access the gateway port through the gateway Service, it will not be available.`,
  );

export const ineffectiveSelector = (gateway: string): Message =>
  warning(
    'IST0166',
    `Ineffective selector on Kubernetes Gateway ${gateway}. Use the TargetRef field instead.`,
  );

export const destinationRuleSubsetNotSelectPods = (subset: string): Message =>
  error(
    'IST0173',
    `The Subset ${subset} defined in the DestinationRule does not select any pods. Which may lead to 503 UH (NoHealthyUpstream).`,
  );

export const unknownDestinationRuleHost = (host: string): Message =>
  warning(
    'IST0174',
    `The host ${host} defined in the DestinationRule does not match any services in the mesh.`,
  );

/** Our own: the field is part of Istio's API and changes nothing, in Istio as here. `advice` may be empty. */
export const fieldNotImplemented = (field: string, advice = ''): Message =>
  info(
    'FieldNotImplemented',
    `${field} is accepted but has no effect: Istio does not implement it${advice === '' ? '' : `; ${advice}`}.`,
  );

export const invalidTelemetryProvider = (telemetry: string, namespace: string): Message =>
  warning(
    'IST0157',
    `The Telemetry ${telemetry} in namespace ${quoted(namespace)} with empty providers will be ignored.`,
  );

export const conflictingTelemetryWorkloadSelectors = (
  telemetries: readonly string[],
  namespace: string,
  pod: string,
): Message =>
  error(
    'IST0159',
    `The Telemetries ${list(telemetries)} in namespace ${quoted(namespace)} select the same workload pod ${quoted(pod)}, which can lead to undefined behavior.`,
  );

export const multipleTelemetriesWithoutWorkloadSelectors = (
  telemetries: readonly string[],
  namespace: string,
): Message =>
  error(
    'IST0160',
    `The Telemetries ${list(telemetries)} in namespace ${quoted(namespace)} have no workload selector, which can lead to undefined behavior.`,
  );

/** Ours. `subject`: who or what has several policies; `winner`: the oldest of them. */
export const conflictingPeerAuthentications = (
  policies: readonly string[],
  subject: string,
  winner: string,
): Message =>
  warning(
    'ConflictingPeerAuthentications',
    `The PeerAuthentications ${list(policies)} are all for ${subject}: only the oldest, ${winner}, is in force.`,
  );

/** Ours. `what` is refused by name, `gap` lists what means the same and is let through. */
export const denyRuleGap = (what: string, gap: string): Message =>
  warning(
    'DenyRuleGap',
    `The rule refuses ${what} but lets through ${gap}. An ALLOW policy that lists what is wanted has no such gaps.`,
  );

/** Ours. `workload`: one that the policy is for. */
export const policyWithoutRequestAuthentication = (workload: string): Message =>
  warning(
    'PolicyWithoutRequestAuthentication',
    `The rule asks for a token, but no RequestAuthentication reads the tokens that come to ${workload}: the rule never matches there.`,
  );

/** Ours. `problem`: what the workload takes instead. */
export const mutualTlsMismatch = (
  mode: string,
  workload: string,
  problem: string,
  peerMode: string,
): Message =>
  error(
    'MutualTlsMismatch',
    `TLS mode ${mode} is for clients of ${workload}, which ${problem} (PeerAuthentication ${peerMode}): their requests end in 503.`,
  );

/** Ours. `section`: tracing, accessLogging or metrics. */
export const telemetryProviderUnusable = (
  provider: string,
  section: string,
  problem: string,
): Message =>
  warning(
    'TelemetryProviderUnusable',
    `Provider ${quoted(provider)} gets nothing of ${section}: ${problem}.`,
  );
