import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Container, Pod } from '@lateen/api';
import type { LocalImage } from '../images/image-catalog.ts';
import { formatImageName, parseImageName } from '../images/image-name.ts';
import { RuntimeError } from '../runtime-error.ts';
import type { ProcessCommand } from '../supervision/supervised-process.ts';
import { containerEnvironment } from './container-environment.ts';
import type { KubeletContext } from './kubelet-context.ts';
import type { PodAddresses } from './pod-field.ts';
import type { PodPorts } from './pod-ports.ts';
import { mountedPaths, replaceMountPaths, volumeEnvironment } from './pod-volumes.ts';
import { expandVariables } from './variable-expansion.ts';

/** What is known of a pod once it has an address and a folder. */
export interface PodSite {
  readonly pod: Pod;
  readonly folder: string;
  readonly addresses: PodAddresses;
  readonly ports: PodPorts;
}

/** @throws RuntimeError `image-unknown` naming the image catalog. */
export const findImage = (container: Container, context: KubeletContext): LocalImage => {
  const reference = container.image ?? '';
  if (parseImageName(reference) === undefined)
    throw new RuntimeError('image-unknown', `"${reference}" is not a valid image name`);
  const image = context.catalog.find(reference);
  if (image === undefined)
    throw new RuntimeError(
      'image-unknown',
      `no image "${reference}" in the image catalog: add it to a catalog file and start with --images FILE`,
    );
  return image;
};

/** `docker.io/library/nginx:latest` for `nginx`. */
export const fullImageName = (reference: string): string => {
  const name = parseImageName(reference);
  return name === undefined ? reference : formatImageName(name);
};

/** Outbound HTTP of an app goes to the HTTP proxy on its pod's address. */
const proxyVariables = ({ podAddress }: PodAddresses): Record<string, string> => {
  const proxy = `http://${podAddress}:15002`;
  const direct = 'localhost,127.0.0.1';
  return { HTTP_PROXY: proxy, http_proxy: proxy, NO_PROXY: direct, no_proxy: direct };
};

const workingFolder = (
  container: Container,
  image: LocalImage,
  paths: ReadonlyMap<string, string>,
): string => {
  if (container.workingDir === undefined) return image.workingDir;
  const folder = replaceMountPaths(container.workingDir, paths);
  // A folder of an image that has no file system of its own.
  return existsSync(folder) ? folder : image.workingDir;
};

/**
 * The process of a container: image, command and args, variables, mount paths.
 * @throws RuntimeError `image-unknown`, ConfigMissing.
 */
export const processCommand = async (
  site: PodSite,
  container: Container,
  context: KubeletContext,
): Promise<ProcessCommand> => {
  const { pod, folder, addresses, ports } = site;
  const image = findImage(container, context);
  const paths = mountedPaths(pod, container, folder);
  const appPorts = ports.all();
  const program = await image.program?.prepare({ pod, container, addresses, folder, appPorts });
  const base = {
    ...context.baseEnvironment,
    HOME: join(folder, 'home'),
    TMPDIR: join(folder, 'tmp'),
    HOSTNAME: pod.spec.hostname ?? pod.metadata.name,
    ...(program === undefined && proxyVariables(addresses)),
    ...volumeEnvironment(container, paths),
  };
  const listen = program?.env ?? ports.environment(container.name);
  const { config } = context;
  const raw = containerEnvironment({
    pod,
    container,
    addresses,
    config,
    base,
    listen,
    imageEnv: image.env,
  });
  const env = Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name, replaceMountPaths(value, paths)]),
  );
  const words = (list: readonly string[] = []): string[] =>
    list.map((word) => replaceMountPaths(expandVariables(word, env), paths));
  const args = program?.args ?? words(container.args);
  const [command = '', ...rest] =
    program?.command ??
    (container.command === undefined ? image.command : words(container.command));
  return {
    command,
    args: [...rest, ...args],
    env,
    cwd: workingFolder(container, image, paths),
    stdin: container.stdin === true,
  };
};
