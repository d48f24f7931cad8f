import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backend, type Contender, contenders, type Ports, partContenders } from './contender.ts';
import { freePort } from './free-port.ts';
import { type LoadResult, runLoad } from './load.ts';
import { median } from './median.ts';
import { cpuTime, residentMib } from './process-usage.ts';
import { accepting, isInstalled, start, stop } from './processes.ts';

/** How the comparison is run. */
export interface ComparisonOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  /** Also our proxy without its costly parts. */
  readonly parts: boolean;
  /** The proxy's program. */
  readonly main: string;
}

/** Medians of a proxy's rounds. */
export interface ComparisonRow {
  readonly name: string;
  readonly cpuUs: number;
  /** Share of the CPU time spent in the kernel, 0 to 1. */
  readonly systemShare: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly requestsPerSecond: number;
  readonly failures: number;
  readonly residentMib: number;
}

/** Rows, and what was skipped with the reason. */
export interface Comparison {
  readonly rows: readonly ComparisonRow[];
  readonly skipped: readonly string[];
}

/** Load before the measured rounds, in seconds: compilers and connection pools warm up. */
const warmUpSeconds = 2;

const findPorts = async (): Promise<Ports> => ({
  backend: await freePort(),
  lateen: await freePort(),
  lateenAdmin: await freePort(),
  withoutLog: await freePort(),
  withoutLogAdmin: await freePort(),
  bare: await freePort(),
  bareAdmin: await freePort(),
  envoy: await freePort(),
  envoyAdmin: await freePort(),
  haproxy: await freePort(),
  nginx: await freePort(),
});

interface Round extends LoadResult {
  readonly cpuUs: number;
  readonly systemShare: number;
}

interface Running {
  readonly contender: Contender;
  readonly pid: number;
  readonly rounds: Round[];
  residentMib: number;
  end(): Promise<void>;
}

const launch = async (contender: Contender): Promise<Running> => {
  const child = start(contender.command, contender.args, contender.outputPath);
  await accepting(child, '127.0.0.1', contender.port);
  if (child.pid === undefined) throw new Error('did not start');
  return {
    contender,
    pid: child.pid,
    rounds: [],
    residentMib: residentMib(child.pid),
    end: () => stop(child),
  };
};

const missing = (contender: Contender, main: string): string | undefined => {
  if (contender.program === undefined) return existsSync(main) ? undefined : `${main} is missing`;
  return isInstalled(contender.program) ? undefined : `${contender.program} is not installed`;
};

const measure = async (running: Running, options: ComparisonOptions): Promise<void> => {
  const before = cpuTime(running.pid);
  const load = await runLoad(running.contender.port, options.connections, options.seconds);
  const after = cpuTime(running.pid);
  const systemUs = after.systemUs - before.systemUs;
  const totalUs = systemUs + after.userUs - before.userUs;
  const cpuUs = totalUs / Math.max(1, load.requests);
  running.rounds.push({ ...load, cpuUs, systemShare: systemUs / Math.max(1, totalUs) });
  running.residentMib = Math.max(running.residentMib, residentMib(running.pid));
};

const toRow = ({ contender, rounds, residentMib }: Running, seconds: number): ComparisonRow => ({
  name: contender.name,
  cpuUs: median(rounds.map((round) => round.cpuUs)),
  systemShare: median(rounds.map((round) => round.systemShare)),
  p50Us: median(rounds.map((round) => round.p50Us)),
  p99Us: median(rounds.map((round) => round.p99Us)),
  requestsPerSecond: median(rounds.map((round) => round.requests / seconds)),
  failures: rounds.reduce((sum, round) => sum + round.failures, 0),
  residentMib,
});

const launchAll = async (
  all: readonly Contender[],
  main: string,
  skipped: string[],
): Promise<Running[]> => {
  const running: Running[] = [];
  for (const contender of all) {
    const reason = missing(contender, main);
    if (reason !== undefined) {
      skipped.push(`${contender.name}: ${reason}`);
      continue;
    }
    try {
      running.push(await launch(contender));
    } catch (error) {
      skipped.push(`${contender.name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return running;
};

const runRounds = async (
  running: readonly Running[],
  options: ComparisonOptions,
): Promise<void> => {
  for (const { contender } of running) {
    await runLoad(contender.port, options.connections, warmUpSeconds);
  }
  // Interleaved, so that what else the machine does falls on all of them.
  for (let round = 0; round < options.rounds; round++) {
    for (const one of running) await measure(one, options);
  }
};

/** Who takes part. */
export interface Field {
  /** What the proxies forward to. */
  readonly servers: readonly Contender[];
  readonly proxies: readonly Contender[];
}

/** Puts the same load through each proxy, round by round; `prepare` writes what they need into a folder. */
export const compareField = async (
  options: ComparisonOptions,
  prepare: (folder: string) => Promise<Field>,
): Promise<Comparison> => {
  const skipped = ['wrk', 'nginx']
    .filter((program) => !isInstalled(program))
    .map((program) => `the whole comparison: ${program} is not installed`);
  if (skipped.length > 0) return { rows: [], skipped };
  const folder = mkdtempSync(join(tmpdir(), 'lateen-bench-'));
  const started: Running[] = [];
  try {
    const field = await prepare(folder);
    for (const server of field.servers) started.push(await launch(server));
    const proxies = await launchAll(field.proxies, options.main, skipped);
    started.push(...proxies);
    await runRounds(proxies, options);
    return { rows: proxies.map((one) => toRow(one, options.seconds)), skipped };
  } finally {
    for (const one of started.reverse()) await one.end();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Our proxy and its peers in front of the same backend. */
export const compareProxies = (options: ComparisonOptions): Promise<Comparison> =>
  compareField(options, async (folder) => {
    const ports = await findPorts();
    return {
      servers: [backend(folder, ports)],
      proxies: [
        ...contenders(folder, ports, options.main),
        ...(options.parts ? partContenders(folder, ports, options.main) : []),
      ],
    };
  });
