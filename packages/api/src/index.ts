export { compareVersions, crdFromKind, kindFromCrd } from './custom-resource.ts';
export { parseDurationMs } from './duration.ts';
export {
  compareHosts,
  defaultClusterDomain,
  hostIsWithin,
  hostsOverlap,
  intersectHosts,
  isWildcardHost,
  mostSpecificHost,
  parseScopedHost,
  resolveHost,
  type ScopedHost,
} from './host.ts';
export { isIpAddress, isIpOrCidr, isIpv4, isIpv6 } from './ip-address.ts';
export type {
  AuthorizationCondition,
  AuthorizationOperation,
  AuthorizationPolicy,
  AuthorizationPolicySpec,
  AuthorizationRule,
  AuthorizationSource,
} from './istio/authorization-policy.ts';
export { isCipherSuite } from './istio/cipher-suite.ts';
export type { Destination, PortSelector } from './istio/destination.ts';
export type { DestinationRule, DestinationRuleSpec, Subset } from './istio/destination-rule.ts';
export type {
  EnvoyConfigMatch,
  EnvoyConfigPatch,
  EnvoyFilter,
  EnvoyFilterNameMatch,
  EnvoyFilterSpec,
} from './istio/envoy-filter.ts';
export type { Gateway, GatewayPort, GatewayServer, GatewaySpec } from './istio/gateway.ts';
export type {
  CorsPolicy,
  FaultAbort,
  FaultDelay,
  HeaderOperations,
  HeaderRules,
  HttpDirectResponse,
  HttpFault,
  HttpMatch,
  HttpMirror,
  HttpRedirect,
  HttpRetry,
  HttpRewrite,
  HttpRoute,
  HttpRouteDestination,
  RouteDelegate,
} from './istio/http-route.ts';
export { istioCrds } from './istio/istio-crds.ts';
export { istioGroups, istioKinds } from './istio/istio-kinds.ts';
export type { IstioOperator } from './istio/istio-operator.ts';
export type { IstioStatus } from './istio/istio-status.ts';
export type {
  ConsistentHash,
  LoadBalancerSettings,
  LocalityLbSetting,
  ZoneAwareLbSetting,
} from './istio/load-balancer.ts';
export type {
  MutualTls,
  PeerAuthentication,
  PeerAuthenticationSpec,
} from './istio/peer-authentication.ts';
export type { Percent } from './istio/percent.ts';
export type {
  PolicySelector,
  PolicyTarget,
  PolicyTargetReference,
  WorkloadSelector,
} from './istio/policy-target.ts';
export type { ProxyConfig, ProxyConfigSpec } from './istio/proxy-config.ts';
export type {
  JwtRule,
  RequestAuthentication,
  RequestAuthenticationSpec,
} from './istio/request-authentication.ts';
export type { ServerTlsSettings, TlsProtocol } from './istio/server-tls.ts';
export type {
  ServiceEntry,
  ServiceEntryPort,
  ServiceEntrySpec,
  ServiceEntryStatus,
} from './istio/service-entry.ts';
export type {
  CaptureMode,
  OutboundTrafficPolicy,
  Sidecar,
  SidecarEgress,
  SidecarIngress,
  SidecarPort,
  SidecarSpec,
} from './istio/sidecar.ts';
export type { StringMatch } from './istio/string-match.ts';
export type {
  IstioMetric,
  MetricsOverride,
  ProviderRef,
  Telemetry,
  TelemetryAccessLogging,
  TelemetryMetrics,
  TelemetrySpec,
  TelemetryTracing,
  TracingTag,
  WorkloadMode,
} from './istio/telemetry.ts';
export type {
  ClientTlsSettings,
  ConnectionPoolSettings,
  OutlierDetection,
  PortTrafficPolicy,
  TrafficPolicy,
} from './istio/traffic-policy.ts';
export {
  type IstioValidationOptions,
  validateIstioObject,
} from './istio/validation/istio-object.ts';
export { pathProblem } from './istio/validation/path-template.ts';
export { lightRegexProblem } from './istio/validation/regex.ts';
export type {
  RouteDestination,
  TcpMatch,
  TcpRoute,
  TlsMatch,
  TlsRoute,
  VirtualService,
  VirtualServiceSpec,
} from './istio/virtual-service.ts';
export type { WasmPlugin, WasmPluginSpec } from './istio/wasm-plugin.ts';
export type { WorkloadEntry, WorkloadEntrySpec } from './istio/workload-entry.ts';
export type { WorkloadGroup, WorkloadGroupSpec, WorkloadProbe } from './istio/workload-group.ts';
export { builtinKinds } from './kubernetes/builtin-kinds.ts';
export type { Condition } from './kubernetes/condition.ts';
export type { ConfigMap } from './kubernetes/config-map.ts';
export type {
  Container,
  ContainerPort,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  KeySelector,
  Quantity,
  ResourceRequirements,
  VolumeDevice,
  VolumeMount,
} from './kubernetes/container.ts';
export type {
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionStatus,
  CustomResourceNames,
  CustomResourceVersion,
} from './kubernetes/custom-resource-definition.ts';
export type {
  Deployment,
  DeploymentSpec,
  DeploymentStatus,
  DeploymentStrategy,
} from './kubernetes/deployment.ts';
export type {
  EndpointConditions,
  EndpointSlice,
  SliceEndpoint,
  SlicePort,
} from './kubernetes/endpoint-slice.ts';
export type {
  EndpointAddress,
  EndpointSubset,
  Endpoints,
  EndpointsPort,
} from './kubernetes/endpoints.ts';
export type { Event, EventV1 } from './kubernetes/event.ts';
export type { Lease, LeaseSpec } from './kubernetes/lease.ts';
export type { Namespace, NamespaceSpec, NamespaceStatus } from './kubernetes/namespace.ts';
export type {
  Node,
  NodeAddress,
  NodeSpec,
  NodeStatus,
  NodeSystemInfo,
  Taint,
} from './kubernetes/node.ts';
export type { LocalObjectReference, ObjectReference } from './kubernetes/object-reference.ts';
export type {
  ContainerState,
  ContainerStateRunning,
  ContainerStateTerminated,
  ContainerStateWaiting,
  ContainerStatus,
  HostAlias,
  Pod,
  PodPhase,
  PodSpec,
  PodStatus,
  PodTemplateSpec,
  Toleration,
  TopologySpreadConstraint,
} from './kubernetes/pod.ts';
export type {
  ExecAction,
  GrpcAction,
  HttpGetAction,
  Lifecycle,
  LifecycleHandler,
  Probe,
  TcpSocketAction,
} from './kubernetes/probe.ts';
export type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  RbacSubject,
  Role,
  RoleBinding,
  RoleRef,
} from './kubernetes/rbac.ts';
export type { ReplicaSet, ReplicaSetSpec, ReplicaSetStatus } from './kubernetes/replica-set.ts';
export type { Secret } from './kubernetes/secret.ts';
export type {
  PodSecurityContext,
  SecurityContext,
  SecurityProfile,
  SeLinuxOptions,
  WindowsSecurityContextOptions,
} from './kubernetes/security-context.ts';
export type { LabelSelector, LabelSelectorRequirement } from './kubernetes/selector.ts';
export type {
  LoadBalancerIngress,
  Service,
  ServicePort,
  ServiceSpec,
  ServiceStatus,
} from './kubernetes/service.ts';
export type { ServiceAccount } from './kubernetes/service-account.ts';
export type {
  DownwardApiFile,
  KeyToPath,
  Volume,
  VolumeProjection,
} from './kubernetes/volume.ts';
export type {
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
  Webhook,
  WebhookClientConfig,
  WebhookRule,
} from './kubernetes/webhook-configuration.ts';
export {
  hasLabels,
  isLabelKey,
  isLabelValue,
  type LabelRequirement,
  type Labels,
  matchesRequirements,
  matchesSelector,
} from './labels.ts';
export { type KubeObject, type ObjectMeta, type OwnerReference, objectKey } from './object.ts';
export {
  type DeclaredPort,
  isHttp2Protocol,
  isHttpProtocol,
  isTlsProtocol,
  type PortProtocol,
  parseProtocol,
  selectProtocol,
} from './port-protocol.ts';
export { parseQuantity } from './quantity.ts';
export type { JsonSchema, KindVersion, PrinterColumn, ResourceKind } from './resource-kind.ts';
export { applyDefaults, dropNulls } from './schema/defaulting.ts';
export { fieldPath } from './schema/field-path.ts';
export { objectMetaSchema, wholeObjectSchema } from './schema/object-schema.ts';
export { findUnknownFields, pruneUnknownFields } from './schema/unknown-fields.ts';
export { validateSchema } from './schema/validation.ts';
export {
  type FieldRequirement,
  matchesFields,
  parseFieldSelector,
  parseLabelSelector,
} from './selector-text.ts';
