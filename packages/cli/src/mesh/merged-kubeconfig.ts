import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

interface Kubeconfig {
  readonly clusters: readonly unknown[];
  readonly contexts: readonly unknown[];
  readonly users: readonly unknown[];
  readonly 'current-context': string;
}

/** One kubeconfig with the contexts of all files; the first file's is the current one. */
export const mergeKubeconfigs = (files: readonly string[]): string => {
  const all = files.map((file) => parse(readFileSync(file, 'utf8')) as Kubeconfig);
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': all[0]?.['current-context'] ?? '',
    clusters: all.flatMap(({ clusters }) => clusters),
    contexts: all.flatMap(({ contexts }) => contexts),
    users: all.flatMap(({ users }) => users),
  });
};
