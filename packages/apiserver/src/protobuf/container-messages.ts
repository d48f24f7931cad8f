import {
  boolean,
  field,
  inline,
  integer,
  list,
  type MessageFields,
  map,
  message,
  pointer,
  string,
  type ValueType,
} from './message.ts';
import { intOrString, localObjectReference, quantity } from './meta-messages.ts';
import { fieldSelector, resourceSelector } from './volume-messages.ts';

/** core/v1 SELinuxOptions. */
export const seLinuxOptions: ValueType = message({
  1: field('user', string),
  2: field('role', string),
  3: field('type', string),
  4: field('level', string),
});

/** core/v1 SeccompProfile and AppArmorProfile. */
export const securityProfile: ValueType = message({
  1: field('type', string),
  2: pointer('localhostProfile', string),
});

/** core/v1 WindowsSecurityContextOptions. */
export const windowsOptions: ValueType = message({
  1: pointer('gmsaCredentialSpecName', string),
  2: pointer('gmsaCredentialSpec', string),
  3: pointer('runAsUserName', string),
  4: pointer('hostProcess', boolean),
});

const keySelector = message({
  1: inline(localObjectReference),
  2: field('key', string),
  3: pointer('optional', boolean),
});

const envSource = message({ 1: inline(localObjectReference), 2: pointer('optional', boolean) });

const envVar = message({
  1: field('name', string),
  2: field('value', string),
  3: field(
    'valueFrom',
    message({
      1: field('fieldRef', fieldSelector),
      2: field('resourceFieldRef', resourceSelector),
      3: field('configMapKeyRef', keySelector),
      4: field('secretKeyRef', keySelector),
    }),
  ),
});

const envFrom = message({
  1: field('prefix', string),
  2: field('configMapRef', envSource),
  3: field('secretRef', envSource),
});

const execAction = message({ 1: list('command', string) });

const httpGetAction = message({
  1: field('path', string),
  2: field('port', intOrString),
  3: field('host', string),
  4: field('scheme', string),
  5: list('httpHeaders', message({ 1: field('name', string), 2: field('value', string) })),
});

const tcpSocketAction = message({ 1: field('port', intOrString), 2: field('host', string) });

const probe = message({
  1: inline(
    message({
      1: field('exec', execAction),
      2: field('httpGet', httpGetAction),
      3: field('tcpSocket', tcpSocketAction),
      4: field('grpc', message({ 1: field('port', integer), 2: pointer('service', string) })),
    }),
  ),
  2: field('initialDelaySeconds', integer),
  3: field('timeoutSeconds', integer),
  4: field('periodSeconds', integer),
  5: field('successThreshold', integer),
  6: field('failureThreshold', integer),
  7: pointer('terminationGracePeriodSeconds', integer),
});

const lifecycleHandler = message({
  1: field('exec', execAction),
  2: field('httpGet', httpGetAction),
  3: field('tcpSocket', tcpSocketAction),
  4: field('sleep', message({ 1: pointer('seconds', integer) })),
});

/** core/v1 ResourceRequirements. */
export const resources: ValueType = message({
  1: map('limits', quantity),
  2: map('requests', quantity),
  3: list('claims', message({ 1: field('name', string), 2: field('request', string) })),
});

const containerPort = message({
  1: field('name', string),
  2: field('hostPort', integer),
  3: field('containerPort', integer),
  4: field('protocol', string),
  5: field('hostIP', string),
});

const volumeMount = message({
  1: field('name', string),
  2: field('readOnly', boolean),
  3: field('mountPath', string),
  4: field('subPath', string),
  5: pointer('mountPropagation', string),
  6: field('subPathExpr', string),
  7: pointer('recursiveReadOnly', string),
});

const securityContext = message({
  1: field('capabilities', message({ 1: list('add', string), 2: list('drop', string) })),
  2: pointer('privileged', boolean),
  3: field('seLinuxOptions', seLinuxOptions),
  4: pointer('runAsUser', integer),
  5: pointer('runAsNonRoot', boolean),
  6: pointer('readOnlyRootFilesystem', boolean),
  7: pointer('allowPrivilegeEscalation', boolean),
  8: pointer('runAsGroup', integer),
  9: pointer('procMount', string),
  10: field('windowsOptions', windowsOptions),
  11: field('seccompProfile', securityProfile),
  12: field('appArmorProfile', securityProfile),
});

const containerFields: MessageFields = {
  1: field('name', string),
  2: field('image', string),
  3: list('command', string),
  4: list('args', string),
  5: field('workingDir', string),
  6: list('ports', containerPort),
  7: list('env', envVar),
  8: field('resources', resources),
  9: list('volumeMounts', volumeMount),
  10: field('livenessProbe', probe),
  11: field('readinessProbe', probe),
  12: field(
    'lifecycle',
    message({
      1: field('postStart', lifecycleHandler),
      2: field('preStop', lifecycleHandler),
      3: pointer('stopSignal', string),
    }),
  ),
  13: field('terminationMessagePath', string),
  14: field('imagePullPolicy', string),
  15: field('securityContext', securityContext),
  16: field('stdin', boolean),
  17: field('stdinOnce', boolean),
  18: field('tty', boolean),
  19: list('envFrom', envFrom),
  20: field('terminationMessagePolicy', string),
  21: list('volumeDevices', message({ 1: field('name', string), 2: field('devicePath', string) })),
  22: field('startupProbe', probe),
  23: list(
    'resizePolicy',
    message({ 1: field('resourceName', string), 2: field('restartPolicy', string) }),
  ),
  24: pointer('restartPolicy', string),
};

/** core/v1 Container. */
export const container: ValueType = message(containerFields);

/** core/v1 EphemeralContainer: a container's fields and its target. */
export const ephemeralContainer: ValueType = message({
  1: inline(container),
  2: field('targetContainerName', string),
});
