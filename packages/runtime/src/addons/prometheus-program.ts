import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mountedPaths, replaceMountPaths } from '../kubelet/pod-volumes.ts';
import { writePrivateFile } from '../state/json-file.ts';
import type { RealAddon } from './real-addon.ts';

const launcher: string = fileURLToPath(new URL('./prometheus-main.ts', import.meta.url));

/** The arguments of Prometheus' image, for a container that has none. */
const imageArgs = ['--config.file=/etc/prometheus/prometheus.yml'];

/** `--name value` as `--name=value`, for the flags that matter here. */
const joined = (words: readonly string[], names: readonly string[]): readonly string[] =>
  words.flatMap((word, index) => {
    if (names.includes(words[index - 1] ?? '')) return [];
    return [names.includes(word) ? `${word}=${words[index + 1] ?? ''}` : word];
  });

const configFlag = '--config.file';
const dataFlag = '--storage.tsdb.path';
const addressFlag = '--web.listen-address';
const defaultPort = '9090';

/**
 * A real Prometheus by our launcher, which tells it the pods: the container's own arguments, on the pod's address, with
 * its data in the pod's folder.
 */
export const realPrometheus: RealAddon = {
  programs: ['prometheus'],
  prepare: async (program, { pod, container, addresses, folder }, { kubeconfig }) => {
    const own = join(folder, container.name, 'prometheus');
    await mkdir(own, { recursive: true, mode: 0o700 });
    const credentials = join(own, 'api.kubeconfig');
    writePrivateFile(credentials, await kubeconfig(pod));
    const paths = mountedPaths(pod, container, folder);
    const words = joined(container.args ?? imageArgs, [configFlag, dataFlag, addressFlag]).map(
      (word) => replaceMountPaths(word, paths),
    );
    const flagValue = (flag: string): string | undefined =>
      words.findLast((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1);
    const port = /\d+$/.exec(flagValue(addressFlag) ?? '')?.[0] ?? defaultPort;
    const data = flagValue(dataFlag);
    const known = [configFlag, dataFlag, addressFlag].map((flag) => `${flag}=`);
    return {
      command: [process.execPath, launcher],
      args: [
        ...['--program', program, '--folder', own, '--kubeconfig', credentials],
        ...['--namespace', pod.metadata.namespace ?? 'default'],
        ...['--config', flagValue(configFlag) ?? ''],
        '--',
        // Nothing is kept outside the pod's folder: there is no file system of the container's own.
        `${dataFlag}=${data?.startsWith(`${folder}/`) === true ? data : join(own, 'data')}`,
        `${addressFlag}=${addresses.podAddress}:${port}`,
        ...words.filter((word) => !known.some((prefix) => word.startsWith(prefix))),
      ],
      env: {},
    };
  },
};
