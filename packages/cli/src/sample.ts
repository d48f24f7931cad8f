import { readFileSync } from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { readManifestDocuments } from '@lateen/analysis';
import type { KubeObject } from '@lateen/api';
import { isKubeError, type KubeClient, resourceOfKind, resources } from '@lateen/kube';

/** A page must come within this time after its pods were made. */
const pageTimeoutMs = 90_000;
const pollMs = 50;
/**
 * Pods that are ready become endpoints of proxies after istiod's debounce: whoever asks before makes the mesh's first
 * request a failed one, which the graph shows for a minute.
 */
const settleMs = 400;

/** What `up --sample` can bring: manifests below `samples/` and the page that shows they work. */
export interface Sample {
  readonly name: string;
  readonly manifests: readonly string[];
  readonly path: string;
  /** Values of the label `app` that the page needs. */
  readonly apps: readonly string[];
  /** Namespace that gets proxies. */
  readonly namespace: string;
}

const bookinfo: Sample = {
  name: 'bookinfo',
  manifests: ['bookinfo/platform/kube/bookinfo.yaml', 'bookinfo/networking/bookinfo-gateway.yaml'],
  path: '/productpage',
  apps: ['productpage', 'details', 'reviews', 'ratings'],
  namespace: 'default',
};

/** Undefined for a name there is no sample of. */
export const findSample = (name: string): Sample | undefined =>
  name === bookinfo.name ? bookinfo : undefined;

/** What `--sample` takes. */
export const sampleNames: readonly string[] = [bookinfo.name];

/** Absolute path of a file below `samples/`. */
export const samplePath = (path: string): string =>
  fileURLToPath(new URL(`../../../samples/${path}`, import.meta.url));

const readManifest = (path: string): readonly KubeObject[] =>
  readManifestDocuments(readFileSync(path, 'utf8')).flatMap(({ value }) =>
    value === null || value === undefined ? [] : [value as KubeObject],
  );

/** Creates what is missing; what a user made of it since stays. */
export const applySample = async (client: KubeClient, sample: Sample): Promise<void> => {
  const labels = { 'istio-injection': 'enabled' };
  await client.patch(resources.namespaces, {
    kind: 'merge',
    name: sample.namespace,
    body: { metadata: { labels } },
  });
  const objects = sample.manifests.flatMap((path) => readManifest(samplePath(path)));
  for (const object of objects) {
    const namespace = object.metadata.namespace ?? sample.namespace;
    try {
      const metadata = { ...object.metadata, namespace };
      await client.create(resourceOfKind(object.kind, object.apiVersion.split('/')[1]), {
        ...object,
        metadata,
      });
    } catch (error) {
      if (!isKubeError(error, 'already-exists')) throw error;
    }
  }
};

const statusOf = (url: string): Promise<number> =>
  new Promise((resolve) => {
    const request = http.get(url, { agent: false, timeout: 5_000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(0));
  });

/** Asks for a page of pods that are ready until it is there. False when it did not come in time, or the signal fired. */
export const untilPage = async (url: string, signal: AbortSignal): Promise<boolean> => {
  const deadlineMs = performance.now() + pageTimeoutMs;
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  while (!signal.aborted && performance.now() < deadlineMs) {
    if ((await statusOf(url)) === 200) return true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return false;
};
