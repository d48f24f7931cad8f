import type { JsonSchema } from '../../resource-kind.ts';
import {
  anyObject,
  array,
  boolean,
  extend,
  int32,
  int64,
  mergeList,
  object,
  oneOfStrings,
  string,
  stringMap,
  strings,
  withDefault,
} from '../../schema/combinators.ts';
import { objectMetaSchema } from '../../schema/object-schema.ts';
import type {
  HostAlias,
  PodSpec,
  PodTemplateSpec,
  Toleration,
  TopologySpreadConstraint,
} from '../pod.ts';
import { containerSchema } from './container.ts';
import { labelSelectorSchema, localObjectReferenceSchema, quantitiesSchema } from './part.ts';
import { podSecurityContextSchema } from './security-context.ts';
import { volumeSchema } from './volume.ts';

const toleration = object<Toleration>({
  key: string,
  operator: oneOfStrings('Exists', 'Equal', 'Lt', 'Gt'),
  value: string,
  effect: string,
  tolerationSeconds: int64,
});

const hostAlias = object<HostAlias>({ ip: string, hostnames: strings }, ['ip']);

const topologySpreadConstraint = object<TopologySpreadConstraint>(
  {
    maxSkew: int32,
    topologyKey: string,
    whenUnsatisfiable: string,
    labelSelector: labelSelectorSchema,
    minDomains: int32,
    nodeAffinityPolicy: string,
    nodeTaintsPolicy: string,
    matchLabelKeys: strings,
  },
  ['maxSkew', 'topologyKey', 'whenUnsatisfiable'],
);

const dnsConfig = object<NonNullable<PodSpec['dnsConfig']>>({
  nameservers: strings,
  searches: strings,
  options: array(object<{ name: string; value: string }>({ name: string, value: string })),
});

const named = (key: string): JsonSchema =>
  array({ type: 'object', properties: { [key]: string }, required: [key] });

const ephemeralContainer: JsonSchema = extend(containerSchema, {
  properties: { ...containerSchema.properties, targetContainerName: string },
});

const placement = {
  nodeSelector: stringMap,
  nodeName: string,
  affinity: anyObject,
  schedulerName: withDefault(string, 'default-scheduler'),
  tolerations: array(toleration),
  topologySpreadConstraints: mergeList(topologySpreadConstraint, 'topologyKey', [
    'topologyKey',
    'whenUnsatisfiable',
  ]),
  priorityClassName: string,
  priority: int32,
  preemptionPolicy: string,
  runtimeClassName: string,
  schedulingGates: named('name'),
  overhead: quantitiesSchema,
} as const;

/** core/v1 PodSpec. */
export const podSpecSchema: JsonSchema = object<PodSpec>(
  {
    ...placement,
    containers: extend(mergeList(containerSchema, 'name'), { minItems: 1 }),
    initContainers: mergeList(containerSchema, 'name'),
    ephemeralContainers: mergeList(ephemeralContainer, 'name'),
    volumes: extend(mergeList(volumeSchema, 'name'), {
      'x-kubernetes-patch-strategy': 'merge,retainKeys',
    }),
    restartPolicy: withDefault(oneOfStrings('Always', 'OnFailure', 'Never'), 'Always'),
    terminationGracePeriodSeconds: withDefault(extend(int64, { minimum: 0 }), 30),
    activeDeadlineSeconds: int64,
    dnsPolicy: withDefault(
      oneOfStrings('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'),
      'ClusterFirst',
    ),
    dnsConfig,
    serviceAccountName: string,
    serviceAccount: string,
    automountServiceAccountToken: boolean,
    hostNetwork: boolean,
    hostPID: boolean,
    hostIPC: boolean,
    hostUsers: boolean,
    shareProcessNamespace: boolean,
    securityContext: withDefault(podSecurityContextSchema, {}),
    imagePullSecrets: mergeList(localObjectReferenceSchema, 'name'),
    hostname: string,
    hostnameOverride: string,
    subdomain: string,
    setHostnameAsFQDN: boolean,
    hostAliases: mergeList(hostAlias, 'ip'),
    readinessGates: named('conditionType'),
    enableServiceLinks: boolean,
    os: object<{ name: string }>({ name: string }, ['name']),
    resourceClaims: array(anyObject),
    resources: anyObject,
  },
  ['containers'],
);

/** core/v1 PodTemplateSpec. */
export const podTemplateSchema: JsonSchema = object<PodTemplateSpec>(
  { metadata: objectMetaSchema, spec: podSpecSchema },
  ['spec'],
);
