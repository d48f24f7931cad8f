import type { JsonSchema, KindVersion, ResourceKind } from '../../resource-kind.ts';
import {
  boolean,
  extend,
  int64,
  natural,
  object,
  oneOfStrings,
  withDefault,
} from '../../schema/combinators.ts';
import { wholeObjectSchema } from '../../schema/object-schema.ts';
import type { DeploymentSpec, DeploymentStrategy } from '../deployment.ts';
import type { ReplicaSetSpec } from '../replica-set.ts';
import { countOrPercentSchema, labelSelectorSchema, looseStatusSchema } from '../schema/part.ts';
import { podTemplateSchema } from '../schema/pod-spec.ts';

const replicas = withDefault(natural, 1);

const strategy = object<DeploymentStrategy>({
  type: oneOfStrings('Recreate', 'RollingUpdate'),
  rollingUpdate: object<{ maxUnavailable: unknown; maxSurge: unknown }>({
    maxUnavailable: countOrPercentSchema,
    maxSurge: countOrPercentSchema,
  }),
});

/** `rollbackTo` is of the beta versions: accepted and never acted on, as in apps/v1 where it is gone. */
const deploymentSpec = (
  required: readonly ('selector' | 'template')[],
  revisionHistoryLimit: number,
): JsonSchema =>
  object<DeploymentSpec & { readonly rollbackTo?: unknown }>(
    {
      replicas,
      selector: labelSelectorSchema,
      template: podTemplateSchema,
      strategy: extend(strategy, { 'x-kubernetes-patch-strategy': 'retainKeys' }),
      minReadySeconds: natural,
      revisionHistoryLimit: withDefault(natural, revisionHistoryLimit),
      paused: boolean,
      progressDeadlineSeconds: withDefault(natural, 600),
      rollbackTo: object<{ revision: number }>({ revision: int64 }),
    },
    required,
  );

const deploymentVersion = (
  name: string,
  required: readonly ('selector' | 'template')[],
  revisionHistoryLimit = 10,
): KindVersion => ({
  name,
  schema: wholeObjectSchema({
    type: 'object',
    properties: {
      spec: deploymentSpec(required, revisionHistoryLimit),
      status: looseStatusSchema,
    },
    required: ['spec'],
  }),
});

const deprecated = (version: KindVersion, since: string): KindVersion => ({
  ...version,
  deprecationWarning: `${since} Deployment is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 Deployment`,
});

const deployment = {
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  statusSubresource: true,
  scaleSubresource: true,
} as const;

/** apps Deployment; the beta versions default the selector to the template's labels. */
export const deploymentKind: ResourceKind = {
  ...deployment,
  group: 'apps',
  versions: [
    deploymentVersion('v1', ['selector', 'template']),
    deprecated(deploymentVersion('v1beta2', ['selector', 'template']), 'apps/v1beta2'),
    deprecated(deploymentVersion('v1beta1', ['template'], 2), 'apps/v1beta1'),
  ],
  storageVersion: 'v1',
};

/** The same Deployments under the group that manifests before Kubernetes 1.9 name. */
export const extensionsDeploymentKind: ResourceKind = {
  ...deployment,
  // kubectl warns of a short name that two groups share; `deploy` means apps.
  shortNames: [],
  categories: [],
  group: 'extensions',
  versions: [deprecated(deploymentVersion('v1beta1', ['template']), 'extensions/v1beta1')],
  storageVersion: 'v1beta1',
};

const replicaSetSpec = object<ReplicaSetSpec>(
  {
    replicas,
    minReadySeconds: natural,
    selector: labelSelectorSchema,
    template: podTemplateSchema,
  },
  ['selector'],
);

/** apps/v1 ReplicaSet. */
export const replicaSetKind: ResourceKind = {
  group: 'apps',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  statusSubresource: true,
  scaleSubresource: true,
  versions: [
    {
      name: 'v1',
      schema: wholeObjectSchema({
        type: 'object',
        properties: { spec: replicaSetSpec, status: looseStatusSchema },
        required: ['spec'],
      }),
    },
  ],
  storageVersion: 'v1',
};
