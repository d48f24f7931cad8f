// Cost of mutual TLS between two sidecars: `node bin/run.mjs test/bench/mutual-tls.ts`.
// Options: --rounds N (3), --seconds N a round (4), --connections N (64), --only TEXT (hops that hold it).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { backend } from './contender.ts';
import { freePort } from './free-port.ts';
import { type LoadResult, runLoad } from './load.ts';
import { median } from './median.ts';
import {
  type BootstrapProgram,
  bootstrapPair,
  envoyProgram,
  type Hop,
  haproxyPair,
  hops,
  isKept,
  lateenProgram,
  type Pair,
  type PairPorts,
  type PairProgram,
  writeCertificates,
} from './mutual-tls-contender.ts';
import { cpuTime } from './process-usage.ts';
import { accepting, isInstalled, start, stop } from './processes.ts';

const main = fileURLToPath(new URL('../../packages/proxy/src/main.ts', import.meta.url));

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '64' },
    only: { type: 'string', default: '' },
  },
});

/** Without Istio's metrics Envoy does a little less than we do. */
const bootstrapPrograms: readonly (readonly [string, BootstrapProgram])[] = [
  ['Lateen', lateenProgram(main)],
  ['Envoy', envoyProgram],
];

/** Load before the measured rounds: compilers want requests, not seconds, but not for ever. */
const warmUpRequests = 20_000;
const warmUpSeconds = 2;
const maxWarmUps = 6;

interface Round extends LoadResult {
  readonly clientUs: number;
  readonly serverUs: number;
}

interface Row {
  readonly name: string;
  readonly hop: Hop;
  readonly rounds: readonly Round[];
}

const launch = async ({ command, args, port, outputPath }: PairProgram) => {
  const child = start(command, args, outputPath);
  await accepting(child, '127.0.0.1', port);
  if (child.pid === undefined) throw new Error(`${command} did not start`);
  return { pid: child.pid, end: () => stop(child) };
};

const totalUs = (pid: number): number => {
  const { userUs, systemUs } = cpuTime(pid);
  return userUs + systemUs;
};

/** Both programs run alone, so that the machine's cores are theirs and the load's. */
const measurePair = async (pair: Pair, connections: number): Promise<readonly Round[]> => {
  const server = await launch(pair.server);
  const client = await launch(pair.client);
  const rounds: Round[] = [];
  try {
    let warm = 0;
    for (let at = 0; at < maxWarmUps && warm < warmUpRequests; at++) {
      warm += (await runLoad(pair.client.port, connections, warmUpSeconds)).requests;
    }
    for (let round = 0; round < Number(values.rounds); round++) {
      const before = [totalUs(client.pid), totalUs(server.pid)] as const;
      const load = await runLoad(pair.client.port, connections, Number(values.seconds));
      const count = Math.max(1, load.requests);
      rounds.push({
        ...load,
        clientUs: (totalUs(client.pid) - before[0]) / count,
        serverUs: (totalUs(server.pid) - before[1]) / count,
      });
    }
  } finally {
    await client.end();
    await server.end();
  }
  return rounds;
};

const portsOf = async (backendPort: number): Promise<PairPorts> => ({
  client: await freePort(),
  clientAdmin: await freePort(),
  server: await freePort(),
  serverAdmin: await freePort(),
  backend: backendPort,
});

const print = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

const printRow = ({ name, hop, rounds }: Row): void => {
  const of = (read: (round: Round) => number): number => median(rounds.map(read));
  const client = of(({ clientUs }) => clientUs);
  const server = of(({ serverUs }) => serverUs);
  const failures = rounds.reduce((sum, round) => sum + round.failures, 0);
  const requests = of((round) => round.requests / Number(values.seconds));
  // What one core of the server's side could do, were it alone: a connection, or a request, each.
  const perCore = isKept(hop) ? '-' : (1e6 / server).toFixed(0);
  print(
    `| ${hop} | ${name} | ${client.toFixed(1)} | ${server.toFixed(1)} | ${(client + server).toFixed(1)} | ` +
      `${of(({ p50Us }) => p50Us).toFixed(0)} | ${of(({ p99Us }) => p99Us).toFixed(0)} | ` +
      `${requests.toFixed(0)} | ${perCore} | ${failures} |`,
  );
};

const missing = ['wrk', 'nginx'].filter((program) => !isInstalled(program));
if (missing.length > 0) {
  print(`Skipped: ${missing.join(' and ')} not installed.`);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-bench-'));
  const backendPort = await freePort();
  const upstream = backend(folder, { backend: backendPort });
  const origin = await launch({ ...upstream, outputPath: '/dev/null' });
  try {
    const certificates = writeCertificates(folder);
    print(
      '| between the sidecars | proxy | client CPU us | server CPU us | sum | p50 us | p99 us | requests/s | connections/s a core | failed |',
    );
    print('|---|---|---|---|---|---|---|---|---|---|');
    const connections = Number(values.connections);
    for (const hop of hops.filter((one) => one.includes(values.only))) {
      for (const [name, program] of bootstrapPrograms) {
        if (!isInstalled(program.command)) continue;
        const ports = await portsOf(backendPort);
        const pair = bootstrapPair(folder, ports, hop, { program, certificates });
        printRow({ name, hop, rounds: await measurePair(pair, connections) });
      }
      if (!isInstalled('haproxy')) continue;
      const theirs = haproxyPair(folder, await portsOf(backendPort), hop, certificates);
      printRow({ name: 'HAProxy', hop, rounds: await measurePair(theirs, connections) });
    }
  } finally {
    await origin.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
