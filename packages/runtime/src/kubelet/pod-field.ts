import type { Pod } from '@lateen/api';

/** Addresses that fieldRef can name and that are known before the pod's status is written. */
export interface PodAddresses {
  readonly podAddress: string;
  readonly nodeAddress: string;
}

const formatMap = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(map ?? {})
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
    .join('\n');

const subscript = (path: string): { map: string; key: string } | undefined => {
  const match = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path);
  return match === null ? undefined : { map: match[1] ?? '', key: match[2] ?? '' };
};

/** Value of a downward API field path; undefined for a path Kubernetes does not support. */
export const readPodField = (
  pod: Pod,
  fieldPath: string,
  addresses: PodAddresses,
): string | undefined => {
  const { metadata, spec } = pod;
  const entry = subscript(fieldPath);
  if (entry !== undefined) {
    const map = entry.map === 'labels' ? metadata.labels : metadata.annotations;
    return map?.[entry.key] ?? '';
  }
  const fields: Readonly<Record<string, () => string>> = {
    'metadata.name': () => metadata.name,
    'metadata.namespace': () => metadata.namespace ?? '',
    'metadata.uid': () => metadata.uid ?? '',
    'metadata.labels': () => formatMap(metadata.labels),
    'metadata.annotations': () => formatMap(metadata.annotations),
    'spec.nodeName': () => spec.nodeName ?? '',
    'spec.serviceAccountName': () => spec.serviceAccountName ?? 'default',
    'status.podIP': () => addresses.podAddress,
    'status.podIPs': () => addresses.podAddress,
    'status.hostIP': () => addresses.nodeAddress,
    'status.hostIPs': () => addresses.nodeAddress,
  };
  return Object.hasOwn(fields, fieldPath) ? fields[fieldPath]?.() : undefined;
};
