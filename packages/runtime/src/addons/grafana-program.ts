import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { mountedPaths } from '../kubelet/pod-volumes.ts';
import type { RealAddon } from './real-addon.ts';

/** Where Grafana's packages put what belongs to the program. */
const packagedHome = '/usr/share/grafana';
/** Where its image looks for what it is provisioned with. */
const provisioning = '/etc/grafana/provisioning';
const port = 3_000;

/** The folder with `conf/defaults.ini`: the program is in its `bin` in an archive. Undefined: the program's own matter. */
const homeOf = (program: string): string | undefined =>
  [dirname(dirname(realpathSync(program))), packagedHome].find((folder) =>
    existsSync(join(folder, 'conf', 'defaults.ini')),
  );

/**
 * Writes what is mounted below `/etc/grafana/provisioning` to `target`, with mount paths in it as they are on this
 * machine.
 */
const copyProvisioning = async (
  paths: ReadonlyMap<string, string>,
  target: string,
): Promise<void> => {
  const mounts = [...paths].sort(([a], [b]) => b.length - a.length);
  for (const [mount, source] of mounts) {
    if (!mount.startsWith(`${provisioning}/`)) continue;
    if (!(await stat(source)).isFile()) continue;
    const file = join(target, mount.slice(provisioning.length + 1));
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    let text = await readFile(source, 'utf8');
    for (const [path, real] of mounts) text = text.replaceAll(path, real);
    await writeFile(file, text, { mode: 0o600 });
  }
};

/** A real Grafana with the addon's data source and dashboards, on the pod's address. */
export const realGrafana: RealAddon = {
  programs: ['grafana-server', 'grafana'],
  prepare: async (program, { pod, container, addresses: { podAddress }, folder }) => {
    const own = join(folder, container.name, 'grafana');
    const provisioned = join(own, 'provisioning');
    for (const name of ['data', 'logs', 'plugins', 'provisioning'])
      await mkdir(join(own, name), { recursive: true, mode: 0o700 });
    const paths = mountedPaths(pod, container, folder);
    await copyProvisioning(paths, provisioned);
    const home = homeOf(program);
    const config = paths.get('/etc/grafana/grafana.ini');
    // The pod's address has an HTTP proxy that knows the names of services.
    const proxy = `http://${podAddress}:15002`;
    return {
      command: [program, ...(basename(program) === 'grafana' ? ['server'] : [])],
      args: [
        ...(home === undefined ? [] : [`--homepath=${home}`]),
        ...(config === undefined ? [] : [`--config=${config}`]),
      ],
      env: {
        GF_SERVER_HTTP_ADDR: podAddress,
        GF_SERVER_HTTP_PORT: String(port),
        GF_PATHS_DATA: join(own, 'data'),
        GF_PATHS_LOGS: join(own, 'logs'),
        GF_PATHS_PLUGINS: join(own, 'plugins'),
        GF_PATHS_PROVISIONING: provisioned,
        GF_LOG_MODE: 'console',
        ...{ HTTP_PROXY: proxy, http_proxy: proxy },
        ...{ NO_PROXY: 'localhost,127.0.0.1', no_proxy: 'localhost,127.0.0.1' },
      },
    };
  },
};
