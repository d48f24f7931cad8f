export { type KubeObject, type ObjectMeta, type OwnerReference, objectKey } from './object.ts';
export type { JsonSchema, KindVersion, PrinterColumn, ResourceKind } from './resource-kind.ts';
