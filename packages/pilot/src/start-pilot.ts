import type { Pilot, PilotOptions } from './pilot.ts';

/**
 * Starts the control plane. Status pages are served at once; xDS after everything was read from the
 * API server, so that no proxy ever sees half a mesh. Rejects with `PilotError`.
 *
 * gRPC, the translator and Envoy's messages are loaded here and not with the package: injection and
 * status tables are used by processes that never serve xDS.
 */
export const startPilot = async (options: PilotOptions): Promise<Pilot> => {
  const { RunningPilot } = await import('./pilot.ts');
  const pilot = new RunningPilot(options);
  try {
    return await pilot.start();
  } catch (error) {
    await pilot.close();
    throw error;
  }
};
