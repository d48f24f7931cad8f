import { setImmediate } from 'node:timers/promises';
import { silentLogger } from '@lateen/base';
import { type KubeClient, systemClock } from '@lateen/kube';
import type { Pilot, PilotOptions } from '../pilot.ts';
import { startPilot } from '../start-pilot.ts';

/** A port of loopback that is free. */
export const anyPort = '127.0.0.1:0';

/** An istiod for tests, with its HTTP pages on a free port; what `options` say comes on top. */
export const startTestPilot = (
  client: KubeClient,
  options: Partial<PilotOptions> = {},
): Promise<Pilot> =>
  startPilot({
    client,
    clock: systemClock,
    log: silentLogger,
    jitter: () => 0,
    httpAddress: anyPort,
    podName: 'istiod-0',
    yieldTurn: () => setImmediate(),
    ...options,
  });
