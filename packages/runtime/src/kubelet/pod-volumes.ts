import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { Container, KeyToPath, Pod, Volume, VolumeProjection } from '@lateen/api';
import { ConfigMissing, type ConfigSource, configMapFiles, secretFiles } from './config-source.ts';
import { type PodAddresses, readPodField } from './pod-field.ts';
import type { PodTokens } from './pod-tokens.ts';

/** What the volumes of a pod are made from, and where. */
export interface VolumeInput {
  readonly pod: Pod;
  /** The pod's own folder; volumes are in `volumes/<name>` below it. */
  readonly folder: string;
  readonly addresses: PodAddresses;
  readonly config: ConfigSource;
  readonly tokens: PodTokens;
}

type Files = Map<string, Buffer>;

/** Only the keys that `items` names, under the paths it gives them. */
const selectItems = (
  files: Files,
  items: readonly KeyToPath[] | undefined,
  source: string,
): Files => {
  if (items === undefined) return files;
  return new Map(
    items.map(({ key, path }) => {
      const content = files.get(key);
      if (content === undefined)
        throw new ConfigMissing(`${source} references non-existent config key: ${key}`);
      return [path, content];
    }),
  );
};

const downwardFiles = (
  { items = [] }: NonNullable<Volume['downwardAPI']>,
  { pod, addresses }: VolumeInput,
): Files =>
  new Map(
    items.map(({ path, fieldRef }) => {
      const value = readPodField(pod, fieldRef?.fieldPath ?? '', addresses);
      return [path, Buffer.from(value ?? '')];
    }),
  );

const namespaceOf = ({ pod }: VolumeInput): string => pod.metadata.namespace ?? 'default';

interface NamedFiles {
  readonly name?: string;
  readonly optional?: boolean;
  readonly items?: readonly KeyToPath[];
}

const configMapVolume = (source: NamedFiles, input: VolumeInput): Files => {
  const found = input.config.configMap(namespaceOf(input), source.name ?? '');
  if (found === undefined && source.optional !== true)
    throw new ConfigMissing(`configmap "${source.name}" not found`);
  return found === undefined
    ? new Map()
    : selectItems(configMapFiles(found), source.items, `configmap ${source.name}`);
};

const secretVolume = (source: NamedFiles, input: VolumeInput): Files => {
  const found = input.config.secret(namespaceOf(input), source.name ?? '');
  if (found === undefined && source.optional !== true)
    throw new ConfigMissing(`secret "${source.name}" not found`);
  return found === undefined
    ? new Map()
    : selectItems(secretFiles(found), source.items, `secret ${source.name}`);
};

const tokenFile = async (
  token: NonNullable<VolumeProjection['serviceAccountToken']>,
  input: VolumeInput,
): Promise<Files> => {
  const text = await input.tokens.text(input.pod, token);
  return new Map([[token.path, Buffer.from(text)]]);
};

const projectionFiles = async (source: VolumeProjection, input: VolumeInput): Promise<Files> => {
  if (source.configMap !== undefined) return configMapVolume(source.configMap, input);
  if (source.secret !== undefined) return secretVolume(source.secret, input);
  if (source.downwardAPI !== undefined) return downwardFiles(source.downwardAPI, input);
  if (source.serviceAccountToken !== undefined) return tokenFile(source.serviceAccountToken, input);
  return new Map();
};

/** Files of a volume whose content comes from the API; undefined for one that containers write. */
const volumeFiles = async (volume: Volume, input: VolumeInput): Promise<Files | undefined> => {
  if (volume.configMap !== undefined) return configMapVolume(volume.configMap, input);
  if (volume.secret !== undefined) {
    const { secretName = '', ...rest } = volume.secret;
    return secretVolume({ ...rest, name: secretName }, input);
  }
  if (volume.downwardAPI !== undefined) return downwardFiles(volume.downwardAPI, input);
  if (volume.projected === undefined) return undefined;
  const files: Files = new Map();
  for (const source of volume.projected.sources ?? [])
    for (const [path, content] of await projectionFiles(source, input)) files.set(path, content);
  return files;
};

/** A path of the API may not leave its volume. */
const isInside = (path: string): boolean =>
  !path.startsWith('/') && !normalize(path).split('/').includes('..');

const writeIfChanged = async (path: string, content: Buffer): Promise<void> => {
  const present = existsSync(path) ? await readFile(path) : undefined;
  if (present?.equals(content) === true) return;
  await mkdir(dirname(path), { recursive: true });
  // A reader sees the old or the new file, never half of one.
  await writeFile(`${path}.new`, content, { mode: 0o600 });
  await rename(`${path}.new`, path);
};

const listFiles = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
};

const materializeVolume = async (volume: Volume, input: VolumeInput): Promise<void> => {
  const folder = join(input.folder, 'volumes', volume.name);
  const files = await volumeFiles(volume, input);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (files === undefined) return;
  const wanted = new Set<string>();
  for (const [path, content] of files) {
    if (!isInside(path)) throw new ConfigMissing(`volume ${volume.name}: bad path "${path}"`);
    wanted.add(join(folder, path));
    await writeIfChanged(join(folder, path), content);
  }
  for (const path of await listFiles(folder)) if (!wanted.has(path)) await rm(path);
};

/**
 * Brings `volumes/<name>` in line with the API: writes what is new or changed, removes what is gone.
 * Safe to call again while containers run.
 * @throws ConfigMissing when a source is not there.
 */
export const materializeVolumes = async (input: VolumeInput): Promise<void> => {
  for (const volume of input.pod.spec.volumes ?? [])
    if (volume.hostPath === undefined) await materializeVolume(volume, input);
};

/** Folder or file that stands for each mount path of a container. */
export const mountedPaths = (
  pod: Pod,
  container: Container,
  folder: string,
): ReadonlyMap<string, string> => {
  const paths = new Map<string, string>();
  for (const mount of container.volumeMounts ?? []) {
    const volume = pod.spec.volumes?.find(({ name }) => name === mount.name);
    const root = volume?.hostPath?.path ?? join(folder, 'volumes', mount.name);
    paths.set(mount.mountPath.replace(/(.)\/+$/, '$1'), join(root, mount.subPath ?? ''));
  }
  return paths;
};

/** `LATEEN_VOLUME_<NAME>`: where a program finds a volume, as there is no file system of its own. */
export const volumeEnvironment = (
  container: Container,
  paths: ReadonlyMap<string, string>,
): Record<string, string> =>
  Object.fromEntries(
    (container.volumeMounts ?? []).map(({ name, mountPath }) => [
      `LATEEN_VOLUME_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`,
      paths.get(mountPath.replace(/(.)\/+$/, '$1')) ?? '',
    ]),
  );

/**
 * Puts the real path where a word names a mount path, alone, with a path behind it, or after `=`:
 * `--config=/etc/app/config.yaml`. Longer mount paths win.
 */
export const replaceMountPaths = (word: string, paths: ReadonlyMap<string, string>): string => {
  const separator = word.startsWith('-') ? word.indexOf('=') + 1 : 0;
  const value = word.slice(separator);
  const mounts = [...paths.keys()].sort((a, b) => b.length - a.length);
  const mount = mounts.find((path) => value === path || value.startsWith(`${path}/`));
  if (mount === undefined) return word;
  return word.slice(0, separator) + paths.get(mount) + value.slice(mount.length);
};
