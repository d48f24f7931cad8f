import type { JsonSchema } from '../../resource-kind.ts';
import {
  array,
  boolean,
  int64,
  object,
  oneOfStrings,
  string,
  strings,
} from '../../schema/combinators.ts';
import type {
  PodSecurityContext,
  SecurityContext,
  SecurityProfile,
  SeLinuxOptions,
  WindowsSecurityContextOptions,
} from '../security-context.ts';

const seLinuxOptions = object<SeLinuxOptions>({
  user: string,
  role: string,
  type: string,
  level: string,
});

const windowsOptions = object<WindowsSecurityContextOptions>({
  gmsaCredentialSpecName: string,
  gmsaCredentialSpec: string,
  runAsUserName: string,
  hostProcess: boolean,
});

const profile = object<SecurityProfile>(
  { type: oneOfStrings('RuntimeDefault', 'Unconfined', 'Localhost'), localhostProfile: string },
  ['type'],
);

/** core/v1 SecurityContext. */
export const securityContextSchema: JsonSchema = object<SecurityContext>({
  capabilities: object<{ add: unknown; drop: unknown }>({ add: strings, drop: strings }),
  privileged: boolean,
  seLinuxOptions,
  windowsOptions,
  runAsUser: int64,
  runAsGroup: int64,
  runAsNonRoot: boolean,
  readOnlyRootFilesystem: boolean,
  allowPrivilegeEscalation: boolean,
  procMount: string,
  seccompProfile: profile,
  appArmorProfile: profile,
});

/** core/v1 PodSecurityContext. */
export const podSecurityContextSchema: JsonSchema = object<PodSecurityContext>({
  seLinuxOptions,
  windowsOptions,
  runAsUser: int64,
  runAsGroup: int64,
  runAsNonRoot: boolean,
  supplementalGroups: array(int64),
  supplementalGroupsPolicy: string,
  fsGroup: int64,
  fsGroupChangePolicy: string,
  sysctls: array(
    object<{ name: string; value: string }>({ name: string, value: string }, ['name', 'value']),
  ),
  seccompProfile: profile,
  appArmorProfile: profile,
});
