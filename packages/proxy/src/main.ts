import { parseArgs } from 'node:util';
import { createAdjustableLog, isLogLevel } from './admin/adjustable-log.ts';
import { readBootstrap } from './bootstrap/read-bootstrap.ts';
import { type ProxyServer, startProxy } from './proxy.ts';

const usage = `usage: main.ts -c bootstrap.json [--status-address ip] [--drain-time-s n] [--log-level level]

  -c, --config-path     Envoy v3 Bootstrap in protobuf JSON
  --status-address      serve 15020, 15021 and 15090 (readiness, metrics) on this address
  --drain-time-s        how long SIGTERM lets requests finish (default 5)
  --log-level           debug, info, warn or error (default info)
`;

/** Istio's terminationDrainDuration. */
const defaultDrainSeconds = '5';

const readOptions = () =>
  parseArgs({
    options: {
      'config-path': { type: 'string', short: 'c' },
      'status-address': { type: 'string' },
      'drain-time-s': { type: 'string', default: defaultDrainSeconds },
      'log-level': { type: 'string', default: 'info' },
    },
  }).values;

const fail = (message: string): never => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
};

const run = async (): Promise<void> => {
  const options = readOptions();
  const path = options['config-path'];
  if (path === undefined) return fail(usage);
  const level = options['log-level'];
  const drainMs = Number(options['drain-time-s']) * 1000;
  if (!isLogLevel(level) || !Number.isFinite(drainMs) || drainMs < 0) return fail(usage);
  const clock = { nowMs: () => Date.now(), schedule: () => () => undefined };
  const adjustable = createAdjustableLog(clock, (line) => process.stderr.write(line), level);
  const { log } = adjustable;
  let stopping = false;
  let proxy: ProxyServer | undefined;
  const quit = (): void => {
    if (stopping) return;
    stopping = true;
    void (proxy?.drain(drainMs) ?? Promise.resolve()).then(() => process.exit(0));
  };
  process.on('SIGTERM', quit);
  process.on('SIGINT', quit);
  const statusAddress = options['status-address'];
  const annotations = process.env['ISTIO_PROMETHEUS_ANNOTATIONS'];
  proxy = await startProxy(await readBootstrap(path), {
    log,
    logLevel: adjustable,
    quit,
    ...(annotations !== undefined && { prometheusAnnotations: annotations }),
    ...(statusAddress !== undefined && { statusAddress }),
  });
  log.info('proxy started', { admin: proxy.adminAddress ?? '' });
};

run().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
