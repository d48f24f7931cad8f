import type { JsonSchema } from '../../resource-kind.ts';
import {
  array,
  boolean,
  extend,
  mergeList,
  nonEmptyString,
  object,
  oneOfStrings,
  port,
  string,
  strings,
  withDefault,
} from '../../schema/combinators.ts';
import type {
  Container,
  ContainerPort,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  KeySelector,
  ResourceRequirements,
  VolumeDevice,
  VolumeMount,
} from '../container.ts';
import { protocolSchema, quantitiesSchema } from './part.ts';
import { lifecycleSchema, probeSchema } from './probe.ts';
import { securityContextSchema } from './security-context.ts';
import { fieldRefSchema, resourceFieldRefSchema } from './volume.ts';

const containerPort = object<ContainerPort>(
  {
    name: extend(string, { maxLength: 15 }),
    containerPort: port,
    hostPort: extend(port, { minimum: 0 }),
    hostIP: string,
    protocol: withDefault(protocolSchema, 'TCP'),
  },
  ['containerPort'],
);

const keySelector = object<KeySelector>({ name: string, key: string, optional: boolean }, ['key']);

const env = object<EnvVar>(
  {
    name: nonEmptyString,
    value: string,
    valueFrom: object<EnvVarSource>({
      fieldRef: fieldRefSchema,
      resourceFieldRef: resourceFieldRefSchema,
      configMapKeyRef: keySelector,
      secretKeyRef: keySelector,
    }),
  },
  ['name'],
);

const source = object<{ name: string; optional: boolean }>({ name: string, optional: boolean });
const envFrom = object<EnvFromSource>({
  prefix: string,
  configMapRef: source,
  secretRef: source,
});

const volumeMount = object<VolumeMount>(
  {
    name: string,
    mountPath: nonEmptyString,
    subPath: string,
    subPathExpr: string,
    readOnly: boolean,
    recursiveReadOnly: string,
    mountPropagation: string,
  },
  ['name', 'mountPath'],
);

const volumeDevice = object<VolumeDevice>({ name: string, devicePath: string }, [
  'name',
  'devicePath',
]);

const resources = object<ResourceRequirements>({
  limits: quantitiesSchema,
  requests: quantitiesSchema,
  claims: array(object<{ name: string; request: string }>({ name: string, request: string })),
});

const resizePolicy = object<{ resourceName: string; restartPolicy: string }>({
  resourceName: string,
  restartPolicy: string,
});

/** Lists that patches merge by one key though two entries may share it, so that key alone is no identity. */
const looseMergeList = (items: JsonSchema, key: string): JsonSchema =>
  array(items, { 'x-kubernetes-patch-merge-key': key, 'x-kubernetes-patch-strategy': 'merge' });

/** core/v1 Container. */
export const containerSchema: JsonSchema = object<Container>(
  {
    name: extend(nonEmptyString, {
      maxLength: 63,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
    }),
    image: string,
    command: strings,
    args: strings,
    workingDir: string,
    ports: mergeList(containerPort, 'containerPort', ['containerPort', 'protocol']),
    envFrom: array(envFrom),
    env: looseMergeList(env, 'name'),
    resources: withDefault(resources, {}),
    resizePolicy: array(resizePolicy),
    restartPolicy: string,
    volumeMounts: mergeList(volumeMount, 'mountPath'),
    volumeDevices: mergeList(volumeDevice, 'devicePath'),
    livenessProbe: probeSchema,
    readinessProbe: probeSchema,
    startupProbe: probeSchema,
    lifecycle: lifecycleSchema,
    terminationMessagePath: withDefault(string, '/dev/termination-log'),
    terminationMessagePolicy: withDefault(oneOfStrings('File', 'FallbackToLogsOnError'), 'File'),
    imagePullPolicy: oneOfStrings('Always', 'IfNotPresent', 'Never'),
    securityContext: securityContextSchema,
    stdin: boolean,
    stdinOnce: boolean,
    tty: boolean,
  },
  ['name'],
);
