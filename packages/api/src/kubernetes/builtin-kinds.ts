import type { ResourceKind } from '../resource-kind.ts';
import { leaseKind, namespaceKind, nodeKind } from './kinds/cluster.ts';
import { configMapKind, secretKind, serviceAccountKind } from './kinds/configuration.ts';
import { endpointSliceKind, endpointsKind } from './kinds/endpoints.ts';
import { eventKind, eventsEventKind } from './kinds/event.ts';
import {
  customResourceDefinitionKind,
  mutatingWebhookConfigurationKind,
  validatingWebhookConfigurationKind,
} from './kinds/extension.ts';
import { podKind } from './kinds/pod.ts';
import {
  clusterRoleBindingKind,
  clusterRoleKind,
  roleBindingKind,
  roleKind,
} from './kinds/rbac.ts';
import { serviceKind } from './kinds/service.ts';
import { deploymentKind, extensionsDeploymentKind, replicaSetKind } from './kinds/workload.ts';

/**
 * The kinds an API server serves without any CRD. Two pairs are one store under two groups, as in
 * Kubernetes: Event (core and events.k8s.io, different field names) and Deployment (apps and extensions, same shape).
 */
export const builtinKinds: readonly ResourceKind[] = [
  namespaceKind,
  nodeKind,
  podKind,
  serviceKind,
  serviceAccountKind,
  configMapKind,
  secretKind,
  endpointsKind,
  eventKind,
  deploymentKind,
  replicaSetKind,
  extensionsDeploymentKind,
  endpointSliceKind,
  eventsEventKind,
  leaseKind,
  customResourceDefinitionKind,
  clusterRoleKind,
  clusterRoleBindingKind,
  roleKind,
  roleBindingKind,
  mutatingWebhookConfigurationKind,
  validatingWebhookConfigurationKind,
];
