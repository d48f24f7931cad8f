// What telemetry costs a client's sidecar: `node bin/run.mjs test/bench/telemetry.ts`.
// Options: --rounds N (5), --seconds N a round (3), --connections N (64).
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { backend, type Contender, lateenWith } from './contender.ts';
import { freePort } from './free-port.ts';
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
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
  },
});

/** What is switched on, added one after the other. */
interface Telemetry {
  readonly name: string;
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
];

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
  return lateenWith(folder, telemetry.name, { main, port: listen, bootstrap });
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
      proxies: await Promise.all(telemetries.map((one) => sidecar(folder, hop, one, more))),
    };
  };

const print = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

const printRow = (hop: Hop, row: ComparisonRow, off: number): void => {
  const more = ((row.cpuUs / off - 1) * 100).toFixed(0);
  print(
    `| ${hop} | ${row.name} | ${row.cpuUs.toFixed(1)} | ${more} % | ${row.p50Us.toFixed(0)} | ` +
      `${row.p99Us.toFixed(0)} | ${row.failures} |`,
  );
};

print('| to the server | telemetry | CPU us/request | more than off | p50 us | p99 us | failed |');
print('|---|---|---|---|---|---|---|');
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
  const off = rows[0]?.cpuUs ?? Number.NaN;
  for (const row of rows) printRow(hop, row, off);
  for (const reason of skipped) print(`\nSkipped ${reason}.`);
}
