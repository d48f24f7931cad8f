import type { ConfigMap, Secret, Service } from '@lateen/api';

/** What containers read of the API, from caches that follow it. */
export interface ConfigSource {
  configMap(namespace: string, name: string): ConfigMap | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  services(): readonly Service[];
  /** A token of the service account, for `audience` (default: the API server), bound to the pod. */
  serviceAccountToken(request: {
    readonly namespace: string;
    readonly name: string;
    readonly audience?: string;
    readonly lifetimeMs: number;
    readonly pod: { readonly name: string; readonly uid: string };
  }): Promise<string>;
}

/**
 * A container cannot be started yet, for a reason that may go away: Kubernetes shows it as
 * `CreateContainerConfigError`.
 */
export class ConfigMissing extends Error {
  override readonly name = 'ConfigMissing';
}

const fromBase64 = (data: Readonly<Record<string, string>> | undefined): Map<string, Buffer> =>
  new Map(Object.entries(data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')]));

/** Keys of a ConfigMap with their bytes, text and binary alike. */
export const configMapFiles = (configMap: ConfigMap): Map<string, Buffer> => {
  const files = fromBase64(configMap.binaryData);
  for (const [key, text] of Object.entries(configMap.data ?? {})) files.set(key, Buffer.from(text));
  return files;
};

/** Keys of a Secret with their bytes. */
export const secretFiles = (secret: Secret): Map<string, Buffer> => fromBase64(secret.data);
