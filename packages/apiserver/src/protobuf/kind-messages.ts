import {
  boolean,
  bytes,
  field,
  integer,
  list,
  type MessageFields,
  map,
  message,
  pointer,
  string,
} from './message.ts';
import {
  deleteOptionsFields,
  intOrString,
  labelSelector,
  localObjectReference,
  objectMeta,
  objectReference,
} from './meta-messages.ts';
import { podSpec, podTemplate } from './pod-messages.ts';

// Status is not described: clients cannot set it by creating an object.
const metadata = field('metadata', objectMeta);

const servicePort = message({
  1: field('name', string),
  2: field('protocol', string),
  3: field('port', integer),
  4: field('targetPort', intOrString),
  5: field('nodePort', integer),
  6: pointer('appProtocol', string),
});

const serviceSpec = message({
  1: list('ports', servicePort),
  2: map('selector', string),
  3: field('clusterIP', string),
  4: field('type', string),
  5: list('externalIPs', string),
  7: field('sessionAffinity', string),
  8: field('loadBalancerIP', string),
  9: list('loadBalancerSourceRanges', string),
  10: field('externalName', string),
  11: field('externalTrafficPolicy', string),
  12: field('healthCheckNodePort', integer),
  13: field('publishNotReadyAddresses', boolean),
  14: field(
    'sessionAffinityConfig',
    message({ 1: field('clientIP', message({ 1: pointer('timeoutSeconds', integer) })) }),
  ),
  17: pointer('ipFamilyPolicy', string),
  18: list('clusterIPs', string),
  19: list('ipFamilies', string),
  20: pointer('allocateLoadBalancerNodePorts', boolean),
  21: pointer('loadBalancerClass', string),
  22: pointer('internalTrafficPolicy', string),
  23: pointer('trafficDistribution', string),
});

const deploymentSpec = message({
  1: pointer('replicas', integer),
  2: field('selector', labelSelector),
  3: field('template', podTemplate),
  4: field(
    'strategy',
    message({
      1: field('type', string),
      2: field(
        'rollingUpdate',
        message({ 1: field('maxUnavailable', intOrString), 2: field('maxSurge', intOrString) }),
      ),
    }),
  ),
  5: field('minReadySeconds', integer),
  6: pointer('revisionHistoryLimit', integer),
  7: field('paused', boolean),
  9: pointer('progressDeadlineSeconds', integer),
});

const tokenRequestSpec = message({
  1: list('audiences', string),
  3: field(
    'boundObjectRef',
    message({
      1: field('kind', string),
      2: field('apiVersion', string),
      3: field('name', string),
      4: field('uid', string),
    }),
  ),
  4: pointer('expirationSeconds', integer),
});

const accessReviewSpec = message({
  1: field(
    'resourceAttributes',
    message({
      1: field('namespace', string),
      2: field('verb', string),
      3: field('group', string),
      4: field('version', string),
      5: field('resource', string),
      6: field('subresource', string),
      7: field('name', string),
    }),
  ),
  2: field(
    'nonResourceAttributes',
    message({ 1: field('path', string), 2: field('verb', string) }),
  ),
});

const rule = message({
  1: list('verbs', string),
  2: list('apiGroups', string),
  3: list('resources', string),
  4: list('resourceNames', string),
  5: list('nonResourceURLs', string),
});

const binding: MessageFields = {
  1: metadata,
  2: list(
    'subjects',
    message({
      1: field('kind', string),
      2: field('apiGroup', string),
      3: field('name', string),
      4: field('namespace', string),
    }),
  ),
  3: field(
    'roleRef',
    message({ 1: field('apiGroup', string), 2: field('kind', string), 3: field('name', string) }),
  ),
};

/** Fields of the kinds clients send as protobuf. A kind has one layout in all its groups and versions. */
export const kindMessages: ReadonlyMap<string, MessageFields> = new Map<string, MessageFields>([
  ['Namespace', { 1: metadata, 2: field('spec', message({ 1: list('finalizers', string) })) }],
  [
    'ConfigMap',
    {
      1: metadata,
      2: map('data', string),
      3: map('binaryData', bytes),
      4: pointer('immutable', boolean),
    },
  ],
  [
    'Secret',
    {
      1: metadata,
      2: map('data', bytes),
      3: field('type', string),
      4: map('stringData', string),
      5: pointer('immutable', boolean),
    },
  ],
  [
    'ServiceAccount',
    {
      1: metadata,
      2: list('secrets', objectReference),
      3: list('imagePullSecrets', localObjectReference),
      4: pointer('automountServiceAccountToken', boolean),
    },
  ],
  ['Service', { 1: metadata, 2: field('spec', serviceSpec) }],
  ['Deployment', { 1: metadata, 2: field('spec', deploymentSpec) }],
  ['Pod', { 1: metadata, 2: field('spec', podSpec) }],
  ['TokenRequest', { 1: metadata, 2: field('spec', tokenRequestSpec) }],
  ['SelfSubjectAccessReview', { 1: metadata, 2: field('spec', accessReviewSpec) }],
  [
    'SelfSubjectRulesReview',
    { 1: metadata, 2: field('spec', message({ 1: field('namespace', string) })) },
  ],
  ['SelfSubjectReview', { 1: metadata }],
  ['DeleteOptions', deleteOptionsFields],
  ['Scale', { 1: metadata, 2: field('spec', message({ 1: pointer('replicas', integer) })) }],
  ['Eviction', { 1: metadata, 2: field('deleteOptions', message(deleteOptionsFields)) }],
  ['Role', { 1: metadata, 2: list('rules', rule) }],
  [
    'ClusterRole',
    {
      1: metadata,
      2: list('rules', rule),
      3: field('aggregationRule', message({ 1: list('clusterRoleSelectors', labelSelector) })),
    },
  ],
  ['RoleBinding', binding],
  ['ClusterRoleBinding', binding],
]);
