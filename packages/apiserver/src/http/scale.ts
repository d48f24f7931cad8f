import type { KubeObject } from '@lateen/api';
import { ApiError } from '../api-error.ts';

interface Scalable {
  readonly spec?: {
    readonly replicas?: number;
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  };
  readonly status?: { readonly replicas?: number };
}

/** The autoscaling/v1 Scale of an object with `spec.replicas`. */
export const scaleOf = (object: KubeObject): KubeObject => {
  const { spec, status } = object as Scalable;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = Object.entries(spec?.selector?.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    spec: { replicas: spec?.replicas ?? 1 },
    status: { replicas: status?.replicas ?? 0, ...(selector !== '' && { selector }) },
  };
};

/**
 * The object with the replicas of a Scale.
 * @throws ApiError BadRequest unless `spec.replicas` is a whole number from 0.
 */
export const withScale = (object: KubeObject, scale: unknown): KubeObject => {
  const { spec, metadata } = scale as Partial<KubeObject<{ replicas?: unknown }>>;
  const replicas = spec?.replicas ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0)
    throw new ApiError('BadRequest', `spec.replicas: Invalid value: ${JSON.stringify(replicas)}`);
  const resourceVersion = metadata?.resourceVersion;
  return {
    ...object,
    metadata: { ...object.metadata, ...(resourceVersion !== undefined && { resourceVersion }) },
    spec: { ...(object.spec as object | undefined), replicas },
  };
};
