import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { createLogger } from '@lateen/base';
import { loadKubeConfig, systemClock } from '@lateen/kube';
import type { ListenAddress } from './listen-address.ts';
import { dashboardPort, startTelemetry } from './start-telemetry.ts';
import { reasonOf, TelemetryError } from './telemetry-error.ts';
import { otlpGrpcPort } from './traces/otlp-grpc.ts';
import { otlpPort, zipkinPort } from './traces/span-receiver.ts';

const usage = `usage: KUBECONFIG=file main.ts [--address HOST:PORT] [--otlp-address HOST:PORT] [--otlp-grpc-address HOST:PORT]
                          [--zipkin-address HOST:PORT]
                          [--static FOLDER] [--allow-host NAME]... [--read-only]
                          [--prometheus URL] [--tracing URL]
  --address         the dashboard and its API (127.0.0.1:${dashboardPort}; the next free port when taken)
  --otlp-address    spans by OTLP over HTTP (127.0.0.1:${otlpPort}); "none": not taken
  --otlp-grpc-address  spans by OTLP over gRPC (127.0.0.1:${otlpGrpcPort}); "none": not taken
  --zipkin-address  spans by Zipkin v2 (127.0.0.1:${zipkinPort}); "none": not taken
  --static          folder of the pages
  --allow-host      a name that the server is called by, besides loopback's
  --read-only       no changes without the token
  --prometheus      URL of a Prometheus to read metrics of, instead of the proxies
  --tracing         URL of a Jaeger to read traces of
environment: LATEEN_DASHBOARD_TOKEN lets clients that send it write from elsewhere
`;

const flags = {
  address: { type: 'string', default: `127.0.0.1:${dashboardPort}` },
  'otlp-address': { type: 'string', default: `127.0.0.1:${otlpPort}` },
  'otlp-grpc-address': { type: 'string', default: `127.0.0.1:${otlpGrpcPort}` },
  'zipkin-address': { type: 'string', default: `127.0.0.1:${zipkinPort}` },
  static: { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  'read-only': { type: 'boolean', default: false },
  prometheus: { type: 'string' },
  tracing: { type: 'string' },
} as const;

const parseAddress = (flag: string, text: string): ListenAddress => {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  if (match === null) {
    throw new TelemetryError('bad-option', `--${flag} must be HOST:PORT, not "${text}"`);
  }
  return { host: match[1] ?? '', port: Number(match[2]) };
};

const optionalAddress = (flag: string, text: string): ListenAddress | undefined =>
  text === 'none' ? undefined : parseAddress(flag, text);

const optionalUrl = (flag: string, text: string | undefined): URL | undefined => {
  if (text === undefined) return undefined;
  if (URL.canParse(text) && /^https?:/.test(text)) return new URL(text);
  throw new TelemetryError('bad-option', `--${flag} must be an http URL, not "${text}"`);
};

const run = async (): Promise<void> => {
  const { values } = parseArgs({ options: flags });
  const kubeconfig = process.env['KUBECONFIG'];
  if (kubeconfig === undefined || kubeconfig === '')
    throw new TelemetryError('bad-option', 'KUBECONFIG must name the kubeconfig of the API server');
  const log = createLogger({
    clock: systemClock,
    sink: (line) => process.stdout.write(line),
    level: 'info',
  });
  const otlp = optionalAddress('otlp-address', values['otlp-address']);
  const otlpGrpc = optionalAddress('otlp-grpc-address', values['otlp-grpc-address']);
  const zipkin = optionalAddress('zipkin-address', values['zipkin-address']);
  const prometheus = optionalUrl('prometheus', values.prometheus);
  const jaeger = optionalUrl('tracing', values.tracing);
  const token = process.env['LATEEN_DASHBOARD_TOKEN'];
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  const telemetry = await startTelemetry({
    connection: loadKubeConfig(kubeconfig),
    clock: systemClock,
    log,
    jitter: Math.random,
    dashboard: parseAddress('address', values.address),
    ...(otlp && { otlp }),
    ...(otlpGrpc && { otlpGrpc }),
    ...(zipkin && { zipkin }),
    ...(prometheus && { prometheus }),
    ...(jaeger && { jaeger }),
    staticFolder: () => Promise.resolve(values.static),
    allowedHosts: values['allow-host'] ?? [],
    isReadOnly: values['read-only'],
    ...(token !== undefined && token !== '' && { token }),
  });
  log.info('dashboard', { url: telemetry.url });
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
  await telemetry.close();
};

try {
  await run();
  // Connections that other ends keep open must not keep the process.
  process.exit(0);
} catch (error) {
  process.stderr.write(`lateen dashboard: ${reasonOf(error)}\n`);
  if (error instanceof TelemetryError && error.code === 'bad-option') process.stderr.write(usage);
  process.exitCode = 1;
}
