import { parseArgs } from 'node:util';
import { createLogger } from '@lateen/base';
import { loadKubeConfig, systemClock } from '@lateen/kube';
import type { AddonEndpoints } from '@lateen/runtime';
import { pagesFolder, startDashboard } from './start-dashboard.ts';

/** The dashboard's process beside a supervisor; tells it by message where it listens. */
const run = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      kubeconfig: { type: 'string', default: '' },
      port: { type: 'string', default: '' },
      cache: { type: 'string', default: '' },
      prometheus: { type: 'string' },
      tracing: { type: 'string' },
      'mesh-kubeconfig': { type: 'string' },
    },
  });
  const log = createLogger({
    clock: systemClock,
    sink: (line) => process.stdout.write(line),
    level: 'info',
  });
  const end = (): never => process.exit(0);
  // The supervisor is gone, however it went.
  process.on('disconnect', end);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end);
  const { url, eyes } = await startDashboard({
    connection: loadKubeConfig(values.kubeconfig),
    port: Number(values.port),
    pagesFolder: pagesFolder(process.env, values.cache),
    log,
    allowedHosts: [],
    isReadOnly: false,
    token: process.env['LATEEN_DASHBOARD_TOKEN'],
    prometheus: values.prometheus === undefined ? undefined : new URL(values.prometheus),
    tracing: values.tracing === undefined ? undefined : new URL(values.tracing),
    meshKubeconfig: values['mesh-kubeconfig'],
  });
  const { otlpPort, otlpGrpcPort, zipkinPort } = eyes.receiverPorts();
  const endpoints: AddonEndpoints = {
    dashboard: url,
    otlp: `http://127.0.0.1:${otlpPort}`,
    otlpGrpc: `http://127.0.0.1:${otlpGrpcPort}`,
    zipkin: `http://127.0.0.1:${zipkinPort}`,
  };
  process.send?.(endpoints);
  log.info('dashboard', { url });
};

try {
  await run();
} catch (error) {
  process.stderr.write(`dashboard: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
