// `npm test`: installs, then types, lint, structure and tests, each with its time; stops at nothing, fails at the end.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { installForChecking, nodeBinary, root } from './install.mjs';

installForChecking();
const node = nodeBinary();
const local = join(root, 'node_modules', '.bin');
const tools = join(root, 'tools', 'node_modules', '.bin');
const path = [dirname(node), local, tools, process.env.PATH].join(delimiter);
const env = { ...process.env, PATH: path };
const failures = [];

const step = (name, command, args) => {
  const startedMs = Date.now();
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env,
  });
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  const ok = result.status === 0;
  if (!ok) failures.push(name);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
};

const projects = [
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`),
  'tsconfig.tests.json',
  'test',
  'samples',
  'tools',
];
for (const project of projects) step(`types ${project}`, join(local, 'tsc'), ['-p', project]);
step('lint and format (biome)', join(tools, 'biome'), ['check', '--error-on-warnings', '.']);
step('promises and switches (oxlint)', join(tools, 'oxlint'), ['--type-aware', '--quiet']);
step('dead code (knip)', join(tools, 'knip'), ['--no-progress']);
step('tests', node, [
  '--test',
  '--test-reporter=spec',
  'packages/*/src/**/*.test.ts',
  'samples/**/*.test.ts',
  'test/tidy/**/*.test.ts',
  'test/conformance/**/*.test.ts',
]);

if (failures.length > 0) {
  console.error(`\nfailed: ${failures.join(', ')}`);
  process.exit(1);
}
