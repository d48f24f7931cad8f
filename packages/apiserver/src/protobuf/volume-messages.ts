import {
  boolean,
  field,
  inline,
  integer,
  list,
  map,
  message,
  pointer,
  string,
  type ValueType,
} from './message.ts';
import { labelSelector, localObjectReference, quantity } from './meta-messages.ts';

/** core/v1 ObjectFieldSelector. */
export const fieldSelector: ValueType = message({
  1: field('apiVersion', string),
  2: field('fieldPath', string),
});

/** core/v1 ResourceFieldSelector. */
export const resourceSelector: ValueType = message({
  1: field('containerName', string),
  2: field('resource', string),
  3: field('divisor', quantity),
});

const keyToPath = message({
  1: field('key', string),
  2: field('path', string),
  3: pointer('mode', integer),
});

const downwardFile = message({
  1: field('path', string),
  2: field('fieldRef', fieldSelector),
  3: field('resourceFieldRef', resourceSelector),
  4: pointer('mode', integer),
});

const projectedKeys = message({
  1: inline(localObjectReference),
  2: list('items', keyToPath),
  4: pointer('optional', boolean),
});

const projection = message({
  1: field('secret', projectedKeys),
  2: field('downwardAPI', message({ 1: list('items', downwardFile) })),
  3: field('configMap', projectedKeys),
  4: field(
    'serviceAccountToken',
    message({
      1: field('audience', string),
      2: pointer('expirationSeconds', integer),
      3: field('path', string),
    }),
  ),
  5: field(
    'clusterTrustBundle',
    message({
      1: pointer('name', string),
      2: pointer('signerName', string),
      3: field('labelSelector', labelSelector),
      4: field('path', string),
      5: pointer('optional', boolean),
    }),
  ),
});

const volumeSource = message({
  1: field('hostPath', message({ 1: field('path', string), 2: pointer('type', string) })),
  2: field('emptyDir', message({ 1: field('medium', string), 2: field('sizeLimit', quantity) })),
  6: field(
    'secret',
    message({
      1: field('secretName', string),
      2: list('items', keyToPath),
      3: pointer('defaultMode', integer),
      4: pointer('optional', boolean),
    }),
  ),
  7: field(
    'nfs',
    message({
      1: field('server', string),
      2: field('path', string),
      3: field('readOnly', boolean),
    }),
  ),
  10: field(
    'persistentVolumeClaim',
    message({ 1: field('claimName', string), 2: field('readOnly', boolean) }),
  ),
  16: field(
    'downwardAPI',
    message({ 1: list('items', downwardFile), 2: pointer('defaultMode', integer) }),
  ),
  19: field(
    'configMap',
    message({
      1: inline(localObjectReference),
      2: list('items', keyToPath),
      3: pointer('defaultMode', integer),
      4: pointer('optional', boolean),
    }),
  ),
  26: field(
    'projected',
    message({ 1: list('sources', projection), 2: pointer('defaultMode', integer) }),
  ),
  28: field(
    'csi',
    message({
      1: field('driver', string),
      2: pointer('readOnly', boolean),
      3: pointer('fsType', string),
      4: map('volumeAttributes', string),
      5: field('nodePublishSecretRef', localObjectReference),
    }),
  ),
  30: field('image', message({ 1: field('reference', string), 2: field('pullPolicy', string) })),
});

/** core/v1 Volume. */
export const volume: ValueType = message({ 1: field('name', string), 2: inline(volumeSource) });
