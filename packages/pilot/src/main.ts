import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createLogger, type LogLevel } from '@lateen/base';
import { createKubeClient, loadKubeConfig, systemClock } from '@lateen/kube';
import { type DebounceDelays, defaultConfigDelays } from './debounce.ts';
import { durationMs } from './ingest/mesh-config-text.ts';
import { defaultInjectionOptions } from './injection/injection-options.ts';
import { readBlockedAddresses } from './key-sets/blocked-addresses.ts';
import type { PilotOptions } from './pilot.ts';
import { PilotError } from './pilot-error.ts';
import { defaultRootRotation, type RootRotation } from './security/mesh-authority.ts';
import { startPilot } from './start-pilot.ts';

const usage = `usage: KUBECONFIG=file main.ts [discovery] [--grpc-address HOST:PORT] [--secure-address HOST:PORT]
                          [--http-address HOST:PORT] [--debug-socket PATH] [--root-rotation-delay MS]
                          [--debounce-after MS] [--debounce-max MS] [--log-level LEVEL]
`;

/** Istio's ports. */
const defaultGrpcAddress = '0.0.0.0:15010';
const defaultSecureAddress = '0.0.0.0:15012';
const defaultHttpAddress = '0.0.0.0:15014';

/** Istio's image starts `pilot-discovery discovery`; the word may be given here too. */
const command = 'discovery';

const flags = {
  'grpc-address': { type: 'string', default: defaultGrpcAddress },
  'secure-address': { type: 'string', default: defaultSecureAddress },
  'root-rotation-delay': { type: 'string' },
  'debug-socket': { type: 'string' },
  'http-address': { type: 'string', default: defaultHttpAddress },
  'debounce-after': { type: 'string' },
  'debounce-max': { type: 'string' },
  'log-level': { type: 'string', default: 'info' },
} as const;

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

interface Settings {
  /** Undefined: off. */
  readonly grpcAddress: string | undefined;
  readonly secureAddress: string;
  readonly debugSocket: string | undefined;
  readonly rootRotation: RootRotation;
  readonly httpAddress: string;
  readonly configDelays: DebounceDelays;
  readonly level: LogLevel;
  readonly kubeconfig: string;
  readonly podName: string;
  readonly clusterId: string;
}

/** Milliseconds of a flag; absent takes the default. */
const milliseconds = (name: string, value: string | undefined, preset: number): number => {
  if (value === undefined) return preset;
  if (!/^\d{1,6}$/.test(value))
    throw new PilotError('bad-option', `--${name} must be milliseconds, not "${value}"`);
  return Number(value);
};

const keySetRefreshVariable = 'PILOT_JWT_PUB_KEY_REFRESH_INTERVAL';
/** More often would be a nuisance to issuers. */
const minKeySetRefreshMs = 1_000;

/** Istio's variable, such as `20m`; absent takes the default. */
const keySetRefresh = (text: string | undefined): number | undefined => {
  if (text === undefined || text === '') return undefined;
  const milliseconds = durationMs(text);
  if (milliseconds !== undefined && milliseconds >= minKeySetRefreshMs) return milliseconds;
  throw new PilotError('bad-option', `${keySetRefreshVariable} must be 1s or more, not "${text}"`);
};

const fetchModeVariable = 'PILOT_JWT_ENABLE_REMOTE_JWKS';

/** Istio's words for who fetches key sets. */
const fetchModes: Readonly<Record<string, NonNullable<PilotOptions['jwksFetchMode']>>> = {
  false: 'istiod',
  istiod: 'istiod',
  true: 'hybrid',
  hybrid: 'hybrid',
  envoy: 'envoy',
};

/** What istiod's environment says of key sets. */
const keySetSettings = (
  env: NodeJS.ProcessEnv,
): Pick<PilotOptions, 'blockedKeySetAddresses' | 'keySetRefreshMs' | 'jwksFetchMode'> => {
  const blocked = readBlockedAddresses(env['BLOCKED_CIDRS_IN_JWKS_URIS']);
  const refreshMs = keySetRefresh(env[keySetRefreshVariable]);
  const word = env[fetchModeVariable] || 'istiod';
  const jwksFetchMode = fetchModes[word];
  if (jwksFetchMode === undefined)
    throw new PilotError('bad-option', `${fetchModeVariable} cannot be "${word}"`);
  return {
    jwksFetchMode,
    ...(blocked !== undefined && { blockedKeySetAddresses: blocked }),
    ...(refreshMs !== undefined && { keySetRefreshMs: refreshMs }),
  };
};

const traceSamplingVariable = 'PILOT_TRACE_SAMPLING';

/** Percent that istiod's environment wants traced; absent: the default. */
const traceSettings = (env: NodeJS.ProcessEnv): Pick<PilotOptions, 'traceSampling'> => {
  const text = env[traceSamplingVariable] ?? '';
  if (text === '') return {};
  const traceSampling = Number(text);
  if (traceSampling >= 0 && traceSampling <= 100) return { traceSampling };
  throw new PilotError('bad-option', `${traceSamplingVariable} must be 0 to 100, not "${text}"`);
};

const readSettings = (env: NodeJS.ProcessEnv): Settings => {
  const { values, positionals } = parseArgs({ options: flags, allowPositionals: true });
  if (positionals.some((word) => word !== command))
    throw new PilotError('bad-option', `unknown argument "${positionals.join(' ')}"`);
  const level = levels.find((known) => known === values['log-level']);
  if (level === undefined)
    throw new PilotError('bad-option', `--log-level must be one of ${levels.join(', ')}`);
  const kubeconfig = env['KUBECONFIG'];
  if (kubeconfig === undefined || kubeconfig === '')
    throw new PilotError('bad-option', 'KUBECONFIG must name the kubeconfig of the API server');
  const { quietMs, maxMs } = defaultConfigDelays;
  return {
    grpcAddress: values['grpc-address'] === '' ? undefined : values['grpc-address'],
    secureAddress: values['secure-address'],
    debugSocket: values['debug-socket'],
    rootRotation: {
      ...defaultRootRotation,
      distributionMs: milliseconds(
        'root-rotation-delay',
        values['root-rotation-delay'],
        defaultRootRotation.distributionMs,
      ),
    },
    httpAddress: values['http-address'],
    configDelays: {
      quietMs: milliseconds('debounce-after', values['debounce-after'], quietMs),
      maxMs: milliseconds('debounce-max', values['debounce-max'], maxMs),
    },
    level,
    kubeconfig,
    podName: env['POD_NAME'] ?? 'istiod',
    clusterId: env['CLUSTER_ID'] ?? defaultInjectionOptions.clusterId,
  };
};

const run = async (): Promise<void> => {
  const settings = readSettings(process.env);
  const log = createLogger({
    clock: systemClock,
    sink: (line) => process.stdout.write(line),
    level: settings.level,
  });
  const keySets = keySetSettings(process.env);
  const traces = traceSettings(process.env);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  const pilot = await startPilot({
    client: createKubeClient(loadKubeConfig(settings.kubeconfig)),
    clock: systemClock,
    log,
    jitter: Math.random,
    ...(settings.grpcAddress !== undefined && { grpcAddress: settings.grpcAddress }),
    secureAddress: settings.secureAddress,
    ...(settings.debugSocket !== undefined && { debugSocket: settings.debugSocket }),
    rootRotation: settings.rootRotation,
    httpAddress: settings.httpAddress,
    podName: settings.podName,
    clusterId: settings.clusterId,
    configDelays: settings.configDelays,
    ...keySets,
    ...traces,
    yieldTurn: () => setImmediate(),
    signal: stop.signal,
  });
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
  log.info('stopping');
  await pilot.close();
};

const isUsageError = (error: unknown): boolean =>
  error instanceof PilotError
    ? error.code === 'bad-option'
    : error instanceof TypeError &&
      'code' in error &&
      String(error.code).startsWith('ERR_PARSE_ARGS');

try {
  await run();
} catch (error) {
  if (!(error instanceof PilotError) || error.code !== 'aborted') {
    process.stderr.write(`istiod: ${error instanceof Error ? error.message : String(error)}\n`);
    if (isUsageError(error)) process.stderr.write(usage);
    process.exitCode = 1;
  }
}
