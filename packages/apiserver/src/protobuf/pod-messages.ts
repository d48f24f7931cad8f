import {
  container,
  ephemeralContainer,
  resources,
  securityProfile,
  seLinuxOptions,
  windowsOptions,
} from './container-messages.ts';
import {
  boolean,
  field,
  integer,
  list,
  map,
  message,
  pointer,
  string,
  type ValueType,
} from './message.ts';
import {
  labelSelector,
  localObjectReference,
  objectMeta,
  quantity,
  requirement,
} from './meta-messages.ts';
import { volume } from './volume-messages.ts';

const nodeTerm = message({
  1: list('matchExpressions', requirement),
  2: list('matchFields', requirement),
});
const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

const podTerm = message({
  1: field('labelSelector', labelSelector),
  2: list('namespaces', string),
  3: field('topologyKey', string),
  4: field('namespaceSelector', labelSelector),
  5: list('matchLabelKeys', string),
  6: list('mismatchLabelKeys', string),
});

const podAffinity = message({
  1: list(required, podTerm),
  2: list(
    preferred,
    message({ 1: field('weight', integer), 2: field('podAffinityTerm', podTerm) }),
  ),
});

const affinity = message({
  1: field(
    'nodeAffinity',
    message({
      1: field(required, message({ 1: list('nodeSelectorTerms', nodeTerm) })),
      2: list(
        preferred,
        message({ 1: field('weight', integer), 2: field('preference', nodeTerm) }),
      ),
    }),
  ),
  2: field('podAffinity', podAffinity),
  3: field('podAntiAffinity', podAffinity),
});

const podSecurityContext = message({
  1: field('seLinuxOptions', seLinuxOptions),
  2: pointer('runAsUser', integer),
  3: pointer('runAsNonRoot', boolean),
  4: list('supplementalGroups', integer),
  5: pointer('fsGroup', integer),
  6: pointer('runAsGroup', integer),
  7: list('sysctls', message({ 1: field('name', string), 2: field('value', string) })),
  8: field('windowsOptions', windowsOptions),
  9: pointer('fsGroupChangePolicy', string),
  10: field('seccompProfile', securityProfile),
  11: field('appArmorProfile', securityProfile),
  12: pointer('supplementalGroupsPolicy', string),
});

const toleration = message({
  1: field('key', string),
  2: field('operator', string),
  3: field('value', string),
  4: field('effect', string),
  5: pointer('tolerationSeconds', integer),
});

const topologySpread = message({
  1: field('maxSkew', integer),
  2: field('topologyKey', string),
  3: field('whenUnsatisfiable', string),
  4: field('labelSelector', labelSelector),
  5: pointer('minDomains', integer),
  6: pointer('nodeAffinityPolicy', string),
  7: pointer('nodeTaintsPolicy', string),
  8: list('matchLabelKeys', string),
});

const dnsConfig = message({
  1: list('nameservers', string),
  2: list('searches', string),
  3: list('options', message({ 1: field('name', string), 2: pointer('value', string) })),
});

const named = message({ 1: field('name', string) });

const resourceClaim = message({
  1: field('name', string),
  3: pointer('resourceClaimName', string),
  4: pointer('resourceClaimTemplateName', string),
});

/** core/v1 PodSpec. */
export const podSpec: ValueType = message({
  1: list('volumes', volume),
  2: list('containers', container),
  3: field('restartPolicy', string),
  4: pointer('terminationGracePeriodSeconds', integer),
  5: pointer('activeDeadlineSeconds', integer),
  6: field('dnsPolicy', string),
  7: map('nodeSelector', string),
  8: field('serviceAccountName', string),
  9: field('serviceAccount', string),
  10: field('nodeName', string),
  11: field('hostNetwork', boolean),
  12: field('hostPID', boolean),
  13: field('hostIPC', boolean),
  14: field('securityContext', podSecurityContext),
  15: list('imagePullSecrets', localObjectReference),
  16: field('hostname', string),
  17: field('subdomain', string),
  18: field('affinity', affinity),
  19: field('schedulerName', string),
  20: list('initContainers', container),
  21: pointer('automountServiceAccountToken', boolean),
  22: list('tolerations', toleration),
  23: list('hostAliases', message({ 1: field('ip', string), 2: list('hostnames', string) })),
  24: field('priorityClassName', string),
  25: pointer('priority', integer),
  26: field('dnsConfig', dnsConfig),
  27: pointer('shareProcessNamespace', boolean),
  28: list('readinessGates', message({ 1: field('conditionType', string) })),
  29: pointer('runtimeClassName', string),
  30: pointer('enableServiceLinks', boolean),
  31: pointer('preemptionPolicy', string),
  32: map('overhead', quantity),
  33: list('topologySpreadConstraints', topologySpread),
  34: list('ephemeralContainers', ephemeralContainer),
  35: pointer('setHostnameAsFQDN', boolean),
  36: field('os', named),
  37: pointer('hostUsers', boolean),
  38: list('schedulingGates', named),
  39: list('resourceClaims', resourceClaim),
  40: field('resources', resources),
});

/** core/v1 PodTemplateSpec. */
export const podTemplate: ValueType = message({
  1: field('metadata', objectMeta),
  2: field('spec', podSpec),
});
