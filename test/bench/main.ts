// `npm run bench`: prints the tables of docs/performance.md as Markdown.
// Options: --rounds N (3), --seconds N a round (5), --connections N (64), --only proxies|lookups,
// --parts (also our proxy without access log and metrics).
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Comparison, compareProxies } from './proxy-comparison.ts';
import { benchLookups } from './route-lookup.ts';

const main = fileURLToPath(new URL('../../packages/proxy/src/main.ts', import.meta.url));

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
    only: { type: 'string', default: '' },
    parts: { type: 'boolean', default: false },
  },
});

const print = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

const printMachine = (): void => {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
  print(
    `${new Date().toISOString().slice(0, 16)}Z, ${cpus().length} x ${model}, Linux ${release()}, Node ${process.version}.`,
  );
};

const printComparison = ({ rows, skipped }: Comparison): void => {
  const base = rows.find(({ name }) => name.startsWith('HAProxy'))?.cpuUs;
  print(
    '| proxy | CPU us/request | of it kernel | x HAProxy | p50 us | p99 us | requests/s | failed | RSS MiB |',
  );
  print('|---|---|---|---|---|---|---|---|---|');
  for (const row of rows) {
    const ratio = base === undefined ? '-' : (row.cpuUs / base).toFixed(2);
    print(
      `| ${row.name} | ${row.cpuUs.toFixed(1)} | ${(row.cpuUs * row.systemShare).toFixed(1)} | ${ratio} | ${row.p50Us.toFixed(0)} | ` +
        `${row.p99Us.toFixed(0)} | ${row.requestsPerSecond.toFixed(0)} | ${row.failures} | ` +
        `${row.residentMib.toFixed(0)} |`,
    );
  }
  for (const reason of skipped) print(`\nSkipped ${reason}.`);
};

const printLookups = (): void => {
  print('| table | ns/lookup | compile ms | heap MiB |');
  print('|---|---|---|---|');
  for (const row of benchLookups()) {
    print(
      `| ${row.name} | ${row.nanoseconds.toFixed(0)} | ${row.compileMs.toFixed(1)} | ${Math.max(0, row.heapMib).toFixed(1)} |`,
    );
  }
};

printMachine();
if (values.only !== 'lookups') {
  const { rounds, seconds, connections } = values;
  print(
    `\n${connections} keep-alive connections, medians of ${rounds} interleaved rounds of ${seconds} s.\n`,
  );
  printComparison(
    await compareProxies({
      rounds: Number(rounds),
      seconds: Number(seconds),
      connections: Number(connections),
      parts: values.parts,
      main,
    }),
  );
}
if (values.only !== 'proxies') {
  print();
  printLookups();
}
