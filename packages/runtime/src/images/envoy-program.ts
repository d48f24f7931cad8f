import { installedProgram } from '../addons/installed-program.ts';

/** Image of a stock Envoy: whatever the tag, the one on this machine. */
export const envoyImage = 'envoyproxy/envoy';

/** Names the program, before the PATH is asked. */
export const envoyVariable = 'ENVOY';

/** Path of the Envoy on this machine; undefined: there is none. */
export const envoyProgram = (
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined =>
  environment[envoyVariable] || installedProgram(['envoy'], { PATH: environment['PATH'] });
