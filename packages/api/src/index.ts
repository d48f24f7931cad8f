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
export { type KubeObject, type ObjectMeta, type OwnerReference, objectKey } from './object.ts';
export type { JsonSchema, KindVersion, PrinterColumn, ResourceKind } from './resource-kind.ts';
