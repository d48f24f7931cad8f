/** A structural OpenAPI v3 schema as CRDs carry it (apiextensions/v1 JSONSchemaProps, the part in use). */
export interface JsonSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly nullable?: boolean;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  /** Built-in kinds only: how strategic merge treats a list. */
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-patch-strategy'?: string;
}

/** One column of `kubectl get`, as in CRD `additionalPrinterColumns`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  /** 0 shows always; above 0 only with `-o wide`. Default 0. */
  readonly priority?: number;
}

/** A version of a kind. All versions of our kinds share one shape: conversion changes apiVersion only. */
export interface KindVersion {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly printerColumns?: readonly PrinterColumn[];
  /** Sent as a `Warning` header on use. */
  readonly deprecationWarning?: string;
}

/** A resource the API server can serve: built-in kinds are listed in code, others come from CRDs. */
export interface ResourceKind {
  /** '' for the core group. */
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  /** Preferred version first. */
  readonly versions: readonly KindVersion[];
  /** Version objects are stored in; every served version reads and writes it. */
  readonly storageVersion: string;
  readonly statusSubresource?: boolean;
  readonly scaleSubresource?: boolean;
}
