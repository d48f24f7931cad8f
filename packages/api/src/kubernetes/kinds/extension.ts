import type { ResourceKind } from '../../resource-kind.ts';
import {
  anyObject,
  array,
  boolean,
  bytes,
  extend,
  int32,
  mergeList,
  nonEmptyString,
  object,
  oneOfStrings,
  string,
  strings,
  withDefault,
} from '../../schema/combinators.ts';
import type {
  CustomResourceDefinitionSpec,
  CustomResourceNames,
  CustomResourceVersion,
} from '../custom-resource-definition.ts';
import { labelSelectorSchema, looseStatusSchema } from '../schema/part.ts';
import type { Webhook, WebhookClientConfig, WebhookRule } from '../webhook-configuration.ts';
import { coreKind } from './core-kind.ts';

const names = object<CustomResourceNames>(
  {
    plural: nonEmptyString,
    singular: string,
    kind: nonEmptyString,
    listKind: string,
    shortNames: strings,
    categories: strings,
  },
  ['plural', 'kind'],
);

const printerColumn = {
  type: 'object',
  properties: {
    name: string,
    type: string,
    jsonPath: string,
    description: string,
    format: string,
    priority: int32,
  },
  required: ['name', 'type', 'jsonPath'],
} as const;

const subresources = object<NonNullable<CustomResourceVersion['subresources']>>({
  status: anyObject,
  scale: object<{
    specReplicasPath: string;
    statusReplicasPath: string;
    labelSelectorPath: string;
  }>({ specReplicasPath: string, statusReplicasPath: string, labelSelectorPath: string }, [
    'specReplicasPath',
    'statusReplicasPath',
  ]),
});

const version = object<CustomResourceVersion>(
  {
    name: nonEmptyString,
    served: boolean,
    storage: boolean,
    deprecated: boolean,
    deprecationWarning: string,
    schema: object<{ openAPIV3Schema: unknown }>({ openAPIV3Schema: anyObject }),
    subresources,
    additionalPrinterColumns: array(printerColumn),
    selectableFields: array(object<{ jsonPath: string }>({ jsonPath: string }, ['jsonPath'])),
  },
  ['name', 'served', 'storage'],
);

/** apiextensions.k8s.io/v1 CustomResourceDefinition. */
export const customResourceDefinitionKind: ResourceKind = coreKind({
  group: 'apiextensions.k8s.io',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  namespaced: false,
  properties: {
    spec: object<CustomResourceDefinitionSpec>(
      {
        group: nonEmptyString,
        names,
        scope: oneOfStrings('Namespaced', 'Cluster'),
        versions: extend(array(version), { minItems: 1 }),
        conversion: object<{ strategy: string; webhook: unknown }>(
          { strategy: string, webhook: anyObject },
          ['strategy'],
        ),
        preserveUnknownFields: boolean,
      },
      ['group', 'names', 'scope', 'versions'],
    ),
    status: looseStatusSchema,
  },
  required: ['spec'],
  statusSubresource: true,
});

const clientConfig = object<WebhookClientConfig>({
  url: string,
  service: object<{ namespace: string; name: string; path: string; port: number }>(
    { namespace: string, name: string, path: string, port: withDefault(int32, 443) },
    ['namespace', 'name'],
  ),
  caBundle: bytes,
});

const rule = object<WebhookRule>({
  operations: strings,
  apiGroups: strings,
  apiVersions: strings,
  resources: strings,
  scope: withDefault(string, '*'),
});

const webhook = object<Webhook>(
  {
    name: nonEmptyString,
    clientConfig,
    rules: array(rule),
    failurePolicy: withDefault(oneOfStrings('Ignore', 'Fail'), 'Fail'),
    matchPolicy: withDefault(string, 'Equivalent'),
    namespaceSelector: withDefault(labelSelectorSchema, {}),
    objectSelector: withDefault(labelSelectorSchema, {}),
    sideEffects: string,
    timeoutSeconds: withDefault(int32, 10),
    admissionReviewVersions: strings,
    reinvocationPolicy: string,
    matchConditions: array(
      object<{ name: string; expression: string }>({ name: string, expression: string }),
    ),
  },
  ['name', 'clientConfig'],
);

const webhooks = { webhooks: mergeList(webhook, 'name') } as const;

/** admissionregistration.k8s.io/v1 MutatingWebhookConfiguration: stored; calls are not made. */
export const mutatingWebhookConfigurationKind: ResourceKind = coreKind({
  group: 'admissionregistration.k8s.io',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  namespaced: false,
  properties: webhooks,
});

/** admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration: stored; calls are not made. */
export const validatingWebhookConfigurationKind: ResourceKind = coreKind({
  group: 'admissionregistration.k8s.io',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
  properties: webhooks,
});
