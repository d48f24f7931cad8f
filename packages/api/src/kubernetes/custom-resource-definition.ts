import type { KubeObject } from '../object.ts';
import type { JsonSchema, PrinterColumn } from '../resource-kind.ts';
import type { Condition } from './condition.ts';

/** apiextensions.k8s.io/v1 CustomResourceDefinitionNames. */
export interface CustomResourceNames {
  readonly plural: string;
  readonly singular?: string;
  readonly kind: string;
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** apiextensions.k8s.io/v1 CustomResourceDefinitionVersion. */
export interface CustomResourceVersion {
  readonly name: string;
  readonly served: boolean;
  /** True for exactly one version. */
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema?: { readonly openAPIV3Schema?: JsonSchema };
  readonly subresources?: {
    readonly status?: Readonly<Record<string, never>>;
    readonly scale?: {
      readonly specReplicasPath: string;
      readonly statusReplicasPath: string;
      readonly labelSelectorPath?: string;
    };
  };
  readonly additionalPrinterColumns?: readonly PrinterColumn[];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
}

/** apiextensions.k8s.io/v1 CustomResourceDefinitionSpec. */
export interface CustomResourceDefinitionSpec {
  readonly group: string;
  readonly names: CustomResourceNames;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly versions: readonly CustomResourceVersion[];
  readonly conversion?: { readonly strategy: string; readonly webhook?: unknown };
  readonly preserveUnknownFields?: boolean;
}

/** apiextensions.k8s.io/v1 CustomResourceDefinitionStatus. */
export interface CustomResourceDefinitionStatus {
  readonly conditions?: readonly Condition[];
  readonly acceptedNames?: CustomResourceNames;
  readonly storedVersions?: readonly string[];
}

/** apiextensions.k8s.io/v1 CustomResourceDefinition; its name is `<plural>.<group>`. */
export interface CustomResourceDefinition
  extends KubeObject<CustomResourceDefinitionSpec, CustomResourceDefinitionStatus> {
  readonly spec: CustomResourceDefinitionSpec;
}
