import { dirname, join } from 'node:path';
import type { Logger } from '@lateen/base';
import { type KubeConnection, systemClock } from '@lateen/kube';
import type { Telemetry } from '@lateen/telemetry';
import { meshPlace } from './mesh-place.ts';

export interface DashboardOptions {
  readonly connection: KubeConnection;
  /** Port on 127.0.0.1, or the next free one. */
  readonly port: number;
  /** Where built pages are kept from start to start. */
  readonly pagesFolder: string;
  readonly log: Logger;
  /** Names besides loopback's that the server is called by. */
  readonly allowedHosts: readonly string[];
  readonly isReadOnly: boolean;
  /** Lets clients from elsewhere write. */
  readonly token: string | undefined;
  /** A Prometheus and a Jaeger to read of; undefined: the proxies themselves, and spans sent here. */
  readonly prometheus?: URL | undefined;
  readonly tracing?: URL | undefined;
  /** Kubeconfig with a context for each cluster of the mesh; undefined: there is one. */
  readonly meshKubeconfig?: string | undefined;
}

const localhost = '127.0.0.1';

/** Pages of one installation are built once: beside the compile cache, else in the cache of a state folder. */
export const pagesFolder = (env: NodeJS.ProcessEnv, cacheFolder: string): string => {
  const compileCache = env['NODE_COMPILE_CACHE'];
  return join(compileCache === undefined ? cacheFolder : dirname(compileCache), 'lateen-dashboard');
};

/**
 * Serves the dashboard of a cluster; pages are built while the API answers already. Its parts are loaded here: no
 * other command needs them. Rejects with TelemetryError.
 */
export const startDashboard = async (options: DashboardOptions): Promise<Telemetry> => {
  const { log, token, prometheus, tracing, meshKubeconfig, connection } = options;
  const [{ otlpGrpcPort, otlpPort, startTelemetry, zipkinPort }, { bundleDashboard }] =
    await Promise.all([import('@lateen/telemetry'), import('@lateen/dashboard')]);
  const pages = bundleDashboard({ folder: options.pagesFolder }).then(
    ({ folder, isFresh, durationMs }) => {
      log.info('pages', { folder, isFresh, durationMs: Math.round(durationMs) });
      return folder;
    },
    (error: unknown) => {
      log.error('pages cannot be built', { reason: String(error) });
      return undefined;
    },
  );
  const place =
    meshKubeconfig === undefined ? undefined : await meshPlace(meshKubeconfig, connection.context);
  return startTelemetry({
    connection,
    clock: systemClock,
    log,
    jitter: Math.random,
    dashboard: { host: localhost, port: options.port },
    otlp: { host: localhost, port: otlpPort },
    otlpGrpc: { host: localhost, port: otlpGrpcPort },
    zipkin: { host: localhost, port: zipkinPort },
    staticFolder: () => pages,
    allowedHosts: options.allowedHosts,
    isReadOnly: options.isReadOnly,
    ...(token !== undefined && { token }),
    ...(prometheus !== undefined && { prometheus }),
    ...(tracing !== undefined && { jaeger: tracing }),
    ...(place !== undefined && { place }),
  });
};
