import type { JsonSchema } from '../../resource-kind.ts';
import {
  anyObject,
  array,
  boolean,
  int32,
  int64,
  object,
  string,
  withDefault,
} from '../../schema/combinators.ts';
import type { DownwardApiFile, KeyToPath, VolumeProjection } from '../volume.ts';
import { quantitySchema } from './part.ts';

/** 0644: permission bits of projected files. */
const defaultMode = withDefault(int32, 0o644);

const items = array(object<KeyToPath>({ key: string, path: string, mode: int32 }, ['key', 'path']));

/** core/v1 ObjectFieldSelector. */
export const fieldRefSchema: JsonSchema = object<{ apiVersion: string; fieldPath: string }>(
  { apiVersion: withDefault(string, 'v1'), fieldPath: string },
  ['fieldPath'],
);

/** core/v1 ResourceFieldSelector. */
export const resourceFieldRefSchema: JsonSchema = object<{
  containerName: string;
  resource: string;
  divisor: string;
}>({ containerName: string, resource: string, divisor: quantitySchema }, ['resource']);

const downwardFiles = array(
  object<DownwardApiFile>(
    {
      path: string,
      fieldRef: fieldRefSchema,
      resourceFieldRef: resourceFieldRefSchema,
      mode: int32,
    },
    ['path'],
  ),
);

interface NamedItems {
  name: string;
  items: unknown;
  optional: boolean;
}

const projection = object<VolumeProjection>({
  secret: object<NamedItems>({ name: string, items, optional: boolean }),
  configMap: object<NamedItems>({ name: string, items, optional: boolean }),
  downwardAPI: object<{ items: unknown }>({ items: downwardFiles }),
  serviceAccountToken: object<{ audience: string; expirationSeconds: number; path: string }>(
    { audience: string, expirationSeconds: withDefault(int64, 3600), path: string },
    ['path'],
  ),
  clusterTrustBundle: anyObject,
});

/** Volume sources that need a real cluster: their content is kept as written. */
const networkVolumes: Readonly<Record<string, JsonSchema>> = Object.fromEntries(
  [
    'awsElasticBlockStore',
    'azureDisk',
    'azureFile',
    'cephfs',
    'cinder',
    'csi',
    'ephemeral',
    'fc',
    'flexVolume',
    'flocker',
    'gcePersistentDisk',
    'gitRepo',
    'glusterfs',
    'image',
    'iscsi',
    'nfs',
    'photonPersistentDisk',
    'portworxVolume',
    'quobyte',
    'rbd',
    'scaleIO',
    'storageos',
    'vsphereVolume',
  ].map((name) => [name, anyObject]),
);

/** core/v1 Volume: sources a local runtime can serve in full, all others as written. */
export const volumeSchema: JsonSchema = {
  type: 'object',
  required: ['name'],
  properties: {
    ...networkVolumes,
    name: string,
    emptyDir: object<{ medium: string; sizeLimit: string }>({
      medium: string,
      sizeLimit: quantitySchema,
    }),
    configMap: object<NamedItems & { defaultMode: number }>({
      name: string,
      items,
      optional: boolean,
      defaultMode,
    }),
    secret: object<{
      secretName: string;
      items: unknown;
      optional: boolean;
      defaultMode: number;
    }>({ secretName: string, items, optional: boolean, defaultMode }),
    hostPath: object<{ path: string; type: string }>(
      { path: string, type: withDefault(string, '') },
      ['path'],
    ),
    downwardAPI: object<{ items: unknown; defaultMode: number }>({
      items: downwardFiles,
      defaultMode,
    }),
    projected: object<{ sources: unknown; defaultMode: number }>({
      sources: array(projection),
      defaultMode,
    }),
    persistentVolumeClaim: object<{ claimName: string; readOnly: boolean }>(
      { claimName: string, readOnly: boolean },
      ['claimName'],
    ),
  },
};
