import type { KubeObject, ObjectMeta } from '@lateen/api';
import { stringify } from 'yaml';
import type { ConfigReference } from '../contract/config.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Metadata that people write; the rest belongs to the API server. */
const writtenMetadata = ({
  name,
  namespace,
  labels,
  annotations,
}: ObjectMeta): Partial<ObjectMeta> => {
  const { [lastApplied]: _, ...kept } = annotations ?? {};
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(labels !== undefined && Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(kept).length > 0 && { annotations: kept }),
  };
};

/** The object as a person would write it: without status and what the API server adds. */
export const writtenObject = (object: KubeObject): Record<string, unknown> => {
  const { apiVersion, kind, metadata, status: _, ...rest } = object;
  return { apiVersion, kind, metadata: writtenMetadata(metadata), ...rest };
};

/** The same as YAML. */
export const objectText = (object: KubeObject): string =>
  stringify(writtenObject(object), { lineWidth: 0 });

/** Names an object. */
export const referenceOf = ({ kind, metadata }: KubeObject): ConfigReference => ({
  kind,
  namespace: metadata.namespace ?? '',
  name: metadata.name,
});

/** `Kind/namespace/name`. */
export const referenceKey = ({ kind, namespace, name }: ConfigReference): string =>
  `${kind}/${namespace}/${name}`;
