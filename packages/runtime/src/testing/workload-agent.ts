import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Agent, readSettings, startAgent } from '@lateen/agent';
import { type Clock, silentLogger } from '@lateen/base';
import { systemClock } from '@lateen/kube';
import type { ControlPlane } from './control-plane.ts';

/**
 * The agent of a pod with the service account `default/web`: its files (`roots.pem`, `token`) and its socket (`sds`) are
 * in the control plane's folder. `variables` are of its container.
 */
export const startWorkloadAgent = async (
  plane: ControlPlane,
  variables: Readonly<Record<string, string>> = { SERVICE_ACCOUNT: 'web' },
  clock: Clock = systemClock,
): Promise<Agent> => {
  const fileOf = (name: string): string => join(plane.folder, name);
  await plane.followRoots('default', fileOf('roots.pem'));
  const web = { namespace: 'default', name: 'web', audience: 'istio-ca' };
  writeFileSync(fileOf('token'), await plane.tokenOf(web));
  return startAgent({
    settings: readSettings(variables, {
      caAddress: `127.0.0.1:${plane.pilot.securePort}`,
      rootPath: fileOf('roots.pem'),
      tokenPath: fileOf('token'),
    }),
    socketPath: fileOf('sds'),
    clock,
    log: silentLogger,
    jitter: () => 0.5,
  });
};
