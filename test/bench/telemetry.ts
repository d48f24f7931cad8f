// What telemetry costs a client's sidecar: `node bin/run.mjs test/bench/telemetry.ts`.
// Options: --rounds N (3), --seconds N a round (2), --connections N (64), --copies N (3): two processes of one
// program differ by more than some of what is measured.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { backend, type Contender, envoyWith, lateenWith } from './contender.ts';
import { freePort } from './free-port.ts';
import { median } from './median.ts';
import {
  clientBootstrap,
  type Hop,
  serverBootstrap,
  writeCertificates,
} from './mutual-tls-contender.ts';
import type { ProxyParts } from './proxy-bootstrap.ts';
import { type ComparisonRow, compareField, type Field } from './proxy-comparison.ts';

const main = fileURLToPath(new URL('../../packages/proxy/src/main.ts', import.meta.url));

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '64' },
    copies: { type: 'string', default: '3' },
  },
});

/** What is switched on, added one after the other. */
interface Telemetry {
  readonly name: string;
  /** Default: our proxy. */
  readonly proxy?: 'Envoy' | 'Lateen';
  readonly stats: boolean;
  readonly logs: boolean;
  readonly tracedPercent?: number;
}

const telemetries: readonly Telemetry[] = [
  { name: 'off', stats: false, logs: false },
  { name: 'metrics', stats: true, logs: false },
  { name: 'metrics, traces of 1 %', stats: true, logs: false, tracedPercent: 1 },
  { name: 'metrics, traces of 1 %, access log', stats: true, logs: true, tracedPercent: 1 },
  { name: 'metrics, all traces, access log', stats: true, logs: true, tracedPercent: 100 },
  // Stock: it has no metrics of Istio's that could be switched.
  { name: 'off', proxy: 'Envoy', stats: false, logs: false },
  { name: 'traces of 1 %', proxy: 'Envoy', stats: false, logs: false, tracedPercent: 1 },
  {
    ...{ name: 'traces of 1 %, access log', proxy: 'Envoy', tracedPercent: 1 },
    ...{ stats: false, logs: true },
  },
];

/** Column and key of a row. */
const labelOf = ({ name, proxy = 'Lateen' }: Telemetry): string => `${proxy} | ${name}`;

const bare = { accessLogPath: undefined, stats: false };

const sidecar = async (
  folder: string,
  hop: Hop,
  telemetry: Telemetry,
  more: {
    readonly server: number;
    readonly collector: number;
    readonly certificates: Certificates;
  },
): Promise<Contender> => {
  const listen = await freePort();
  const parts: ProxyParts = {
    listen,
    admin: await freePort(),
    backend: more.server,
    collector: more.collector,
    stats: telemetry.stats,
    accessLogPath: telemetry.logs ? join(folder, `${listen}.log`) : undefined,
    ...(telemetry.tracedPercent !== undefined && { tracedPercent: telemetry.tracedPercent }),
  };
  const bootstrap = clientBootstrap(parts, hop, more.certificates);
  const label = labelOf(telemetry);
  return telemetry.proxy === 'Envoy'
    ? envoyWith(folder, label, { port: listen, bootstrap })
    : lateenWith(folder, label, { main, port: listen, bootstrap });
};

type Certificates = ReturnType<typeof writeCertificates>;

/** Sidecars that differ in telemetry only, in front of one server's sidecar without any. */
const fieldOf =
  (hop: Hop) =>
  async (folder: string): Promise<Field> => {
    const certificates = writeCertificates(folder);
    const origin = await freePort();
    const server = await freePort();
    const parts = { listen: server, admin: await freePort(), backend: origin, ...bare };
    const bootstrap = serverBootstrap(parts, hop, certificates);
    const more = { server, collector: origin, certificates };
    return {
      servers: [
        backend(folder, { backend: origin }),
        lateenWith(folder, 'server', { main, port: server, bootstrap }),
      ],
      proxies: await Promise.all(
        Array.from({ length: Number(values.copies) }, () => telemetries)
          .flat()
          .map((one) => sidecar(folder, hop, one, more)),
      ),
    };
  };

const print = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

const printRows = (hop: Hop, rows: readonly ComparisonRow[]): void => {
  const of = (name: string, read: (row: ComparisonRow) => number): number =>
    median(rows.filter((row) => row.name === name).map(read));
  for (const telemetry of telemetries) {
    const name = labelOf(telemetry);
    if (!rows.some((row) => row.name === name)) continue;
    const off = of(labelOf({ ...telemetry, name: 'off' }), ({ cpuUs }) => cpuUs);
    const cpuUs = of(name, (row) => row.cpuUs);
    const more = ((cpuUs / off - 1) * 100).toFixed(0);
    const failed = rows.reduce((sum, row) => sum + (row.name === name ? row.failures : 0), 0);
    print(
      `| ${hop} | ${name} | ${cpuUs.toFixed(1)} | ${more} % | ${of(name, ({ p50Us }) => p50Us).toFixed(0)} | ` +
        `${of(name, ({ p99Us }) => p99Us).toFixed(0)} | ${failed} |`,
    );
  }
};

print(
  '| to the server | proxy | telemetry | CPU us/request | more than off | p50 us | p99 us | failed |',
);
print('|---|---|---|---|---|---|---|---|');
for (const hop of ['mutual TLS, keep-alive', 'plaintext, keep-alive'] as const) {
  const { rows, skipped } = await compareField(
    {
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
      connections: Number(values.connections),
      parts: false,
      main,
    },
    fieldOf(hop),
  );
  printRows(hop, rows);
  for (const reason of skipped) print(`\nSkipped ${reason}.`);
}
