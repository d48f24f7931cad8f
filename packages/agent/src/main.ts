import { parseArgs } from 'node:util';
import type { Clock } from '@lateen/base';
import { createAdjustableLog, isLogLevel, startProxy } from '@lateen/proxy';
import { type Agent, startAgent } from './agent.ts';
import { AgentError } from './agent-error.ts';
import { readProbeSettings } from './app-health/probe-settings.ts';
import { watchApp } from './app-health/watch-app.ts';
import { readBootstrapFile } from './bootstrap-file.ts';
import { type CompanionProxy, startEnvoy } from './envoy/envoy-proxy.ts';
import { readSettings } from './settings.ts';

const usage = `usage: main.ts -c bootstrap.json --sds-socket path [--ca-address host:port] [--ca-root file]
               [--token file] [--envoy program] [--status-address ip] [--drain-time-s n] [--log-level level]

  -c, --config-path     Envoy v3 Bootstrap in protobuf JSON
  --sds-socket          Unix socket on which the proxy gets its secrets (cluster sds-grpc)
  --ca-address          istiod's certificate service (CA_ADDR; default istiod.istio-system.svc:15012)
  --ca-root             roots of the mesh, PEM (CA_ROOT_CA)
  --token               service account token for the audience istio-ca
  --envoy               runs this Envoy in the place of the proxy of this process
  --status-address      serve 15020, 15021 and 15090 (readiness, metrics) on this address
  --drain-time-s        how long SIGTERM lets requests finish (default 5)
  --log-level           debug, info, warn or error (default info)

Istio's variables TRUST_DOMAIN, POD_NAMESPACE, SERVICE_ACCOUNT, SECRET_TTL and SECRET_GRACE_PERIOD_RATIO
say whose certificate it is and how long it lives; readinessProbe of PROXY_CONFIG how the health of the app is known.
`;

/** Istio's terminationDrainDuration. */
const defaultDrainSeconds = '5';

const clock: Clock = {
  nowMs: () => Date.now(),
  schedule: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

const readOptions = () =>
  parseArgs({
    options: {
      'config-path': { type: 'string', short: 'c' },
      'sds-socket': { type: 'string' },
      'ca-address': { type: 'string' },
      'ca-root': { type: 'string' },
      token: { type: 'string' },
      envoy: { type: 'string' },
      'status-address': { type: 'string' },
      'drain-time-s': { type: 'string', default: defaultDrainSeconds },
      'log-level': { type: 'string', default: 'info' },
    },
  }).values;

const fail = (message: string): never => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
};

const required = (name: string, value: string | undefined): string => {
  if (value === undefined) throw new AgentError('bad-option', `--${name} is missing\n${usage}`);
  return value;
};

const run = async (): Promise<void> => {
  const options = readOptions();
  const configPath = required('config-path', options['config-path']);
  const socketPath = required('sds-socket', options['sds-socket']);
  const level = options['log-level'];
  const drainMs = Number(options['drain-time-s']) * 1000;
  if (!isLogLevel(level) || !Number.isFinite(drainMs) || drainMs < 0) return fail(usage);
  const settings = readSettings(process.env, {
    caAddress: options['ca-address'],
    rootPath: options['ca-root'],
    tokenPath: options.token,
  });
  const adjustable = createAdjustableLog(clock, (line) => process.stderr.write(line), level);
  const { log } = adjustable;
  let stopping = false;
  let agent: Agent | undefined;
  let proxy: CompanionProxy | undefined;
  let watch: { close(): void } | undefined;
  const quit = (): void => {
    if (stopping) return;
    stopping = true;
    void (proxy?.drain(drainMs) ?? Promise.resolve()).then(() => {
      watch?.close();
      agent?.close();
      process.exit(0);
    });
  };
  process.on('SIGTERM', quit);
  process.on('SIGINT', quit);
  agent = await startAgent({ settings, socketPath, clock, log, jitter: Math.random });
  const statusAddress = options['status-address'];
  const annotations = process.env['ISTIO_PROMETHEUS_ANNOTATIONS'];
  const bootstrap = await readBootstrapFile(configPath);
  proxy =
    options.envoy === undefined
      ? await startProxy(bootstrap, {
          log,
          logLevel: adjustable,
          quit,
          ...(annotations !== undefined && { prometheusAnnotations: annotations }),
          ...(statusAddress !== undefined && { statusAddress }),
        })
      : await startEnvoy({
          ...{ bootstrap, configPath, statusAddress, log, logLevel: level },
          binary: options.envoy,
          onExit: (reason) => fail(`Envoy ended: ${reason}`),
        });
  log.info('proxy started', { admin: proxy.adminAddress ?? '' });
  const probe = readProbeSettings(process.env['PROXY_CONFIG']);
  if (probe !== undefined && bootstrap.node !== undefined) {
    const { secrets } = agent;
    watch = watchApp({
      probe,
      node: bootstrap.node,
      settings,
      secrets: () => agent?.secrets ?? secrets,
      clock,
      log,
    });
  }
};

run().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
