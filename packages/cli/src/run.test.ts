import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  lockStateFolder,
  processStart,
  type RunRecord,
  stateFolderAt,
  writeRunRecord,
} from '@lateen/runtime';
import { Progress } from './progress.ts';
import { run } from './run.ts';
import { startCard } from './start-card.ts';

const runIn = async (env: NodeJS.ProcessEnv, ...words: string[]) => {
  let out = '';
  let err = '';
  const output = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    color: false,
  };
  const code = await run(words, output, env);
  return { code, out, err };
};

const runWords = (...words: string[]) => runIn({}, ...words);

const cases: readonly [string[], number, RegExp][] = [
  [['version'], 0, /^lateen \d+\.\d+\.\d+\n$/],
  [['--help'], 0, /proxy-status\|ps/],
  [['fly'], 2, /unknown command 'fly'/],
  [['up', '--port', 'high'], 2, /a port is a number/],
  [['up', '--sample', 'nothing'], 2, /Allowed choices are bookinfo/],
  [['status', '-o', 'xml'], 2, /Allowed choices are text, json/],
  [['down', '--state-dir', '/nonexistent/lateen'], 0, /no cluster is running/],
  [['install', '--set', 'profile=demo', '-y'], 2, /no command "install": .*"lateen up"/],
  [['dashboard', 'kialy'], 2, /Allowed choices are kiali, prometheus/],
  [
    ['validate', '-f', '/no/file.yaml'],
    1,
    /^lateen: cannot read \/no\/file\.yaml: there is no such file\n$/,
  ],
  [
    ['analyze', '--use-kube=false', '/no/file.yaml'],
    1,
    /cannot read \/no\/file\.yaml: there is no/,
  ],
  [['x', 'describe', 'pod', 'a'], 2, /no command "x describe": "lateen explain/],
  [
    ['up', '--state-dir', '/dev/null'],
    1,
    /cannot keep the cluster in \/dev\/null .*--state-dir\n$/,
  ],
  [
    ['up', '--detach', '--state-dir', '/proc/lateen'],
    1,
    /cannot keep the cluster in \/proc\/lateen /,
  ],
  [['up', '--clusters', '2', '--state-dir', '/proc/lateen'], 1, /cannot keep the cluster in /],
];
for (const [words, code, text] of cases)
  test(`lateen ${words.join(' ')}`, async () => {
    const result = await runWords(...words);
    assert.equal(result.code, code);
    assert.match(result.out + result.err, text);
  });

test('what needs a cluster says how to start one', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'lateen-cli-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  for (const words of [['status'], ['ps']]) {
    const { code, out, err } = await runWords(...words, '--state-dir', stateDir);
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(
      err,
      /^lateen: no cluster is running on \S+: start one with "lateen up"(, or set KUBECONFIG)?\n$/,
    );
  }
});

/** A state folder on which this process seems to run a cluster. */
const runningOn = (folder: string): void => {
  mkdirSync(folder, { recursive: true });
  const { pid } = process;
  writeRunRecord(stateFolderAt(folder), {
    ...{ version: '0.1.0', pid, processStart: processStart(pid) ?? '', phase: 'ready' },
    ...{ startedAt: '', stateDir: folder, kubeconfig: join(folder, 'kubeconfig') },
    ...{ apiServer: 'https://127.0.0.1:1', network: { kind: 'loopback', cidr: '' } },
    gateway: { http: 'http://127.0.0.1:1' },
  });
};

test('a second start is refused and changes nothing', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'lateen-cli-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  runningOn(stateDir);
  writeFileSync(join(stateDir, 'up.log'), 'log of the first');
  const lock = await lockStateFolder(stateDir);
  t.after(() => lock.close());
  for (const flag of ['--detach', '--clusters=2']) {
    const { code, err } = await runWords('up', flag, '--state-dir', stateDir);
    assert.equal(code, 1);
    assert.match(
      err,
      /^lateen: a cluster is already running on \S+: see "lateen status", or .*\n$/,
    );
  }
  assert.equal(readFileSync(join(stateDir, 'up.log'), 'utf8'), 'log of the first');
  assert.deepEqual(readdirSync(stateDir).sort(), ['run.json', 'up.log']);
});

test('down in a folder below says where the cluster is', async (t) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'lateen-cli-')));
  t.after(() => rmSync(folder, { recursive: true }));
  runningOn(join(folder, 'state'));
  const below = join(folder, 'samples', 'customers', 'state');
  const { code, out } = await runWords('down', '--state-dir', below);
  assert.equal(code, 0);
  const there = join(folder, 'state');
  assert.equal(
    out,
    `no cluster is running on ${below}; one runs on ${there}: give that folder with --state-dir\n`,
  );
});

test('a kubeconfig that is none, or not there, is named', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-cli-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'config');
  writeFileSync(file, 'no kubeconfig');
  const words = ['ps', '--state-dir', folder];
  const broken = await runWords(...words, '--kubeconfig', file);
  assert.deepEqual(
    [broken.code, broken.err],
    [1, `lateen: ${file}: kubeconfig: must be a mapping\n`],
  );
  const absent = await runIn({ KUBECONFIG: join(folder, 'none') }, ...words);
  assert.match(absent.err, /or set KUBECONFIG to a file that is there, not \S+none\n$/);
});

test('an unreadable image catalog ends the start with one line', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'lateen-cli-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  const images = join(stateDir, 'none.json');
  const { code, err } = await runWords('up', '--state-dir', stateDir, '--images', images);
  assert.equal(code, 1);
  assert.match(err, /^lateen: cannot read image catalog \S+none\.json: ENOENT: no such file .*\n$/);
});

test('the card shows where to look, how to connect, and three things to try', () => {
  const record: RunRecord = {
    version: '0.1.0',
    pid: 1,
    processStart: '1',
    phase: 'ready',
    startedAt: '',
    stateDir: '/home/me/.lateen',
    kubeconfig: '/home/me/.lateen/kubeconfig',
    apiServer: 'https://127.0.0.1:6443',
    network: { kind: 'loopback', cidr: '' },
    gateway: { http: 'http://127.0.0.1:8080' },
  };
  const options = { sample: 'bookinfo', detached: false, stateDir: '.lateen', color: false };
  const card = startCard(record, {
    ...options,
    command: 'bin/lateen',
    binFolder: '/home/me/lateen/bin',
  });
  assert.match(card, /http:\/\/127\.0\.0\.1:8080\/productpage/);
  assert.match(card, /export KUBECONFIG=\/home\/me\/\.lateen\/kubeconfig\n/);
  assert.match(card, /export PATH=\/home\/me\/lateen\/bin:\$PATH\n/);
  assert.match(card, / istioctl ps\n/);
  const short = { ...options, command: 'lateen', detached: true };
  assert.match(startCard(record, short), / lateen ps\n/);
  // Nothing is behind the gateway yet: what is to be tried brings something there.
  const bare = startCard(record, { ...short, sample: undefined });
  assert.match(
    bare,
    /istio-injection=enabled\n.*bookinfo-gateway\.yaml\n +curl \S+\/productpage\n/,
  );
  const endings = [
    ['.lateen', 'lateen down'],
    ['/srv/mesh', 'lateen down --state-dir /srv/mesh'],
    ["my mesh's", `lateen down --state-dir 'my mesh'\\''s'`],
  ] as const;
  for (const [stateDir, ending] of endings)
    assert.ok(startCard(record, { ...short, stateDir }).includes(`Stop it with: ${ending}\n`));
});

test('progress lines carry the time since the start', () => {
  let text = '';
  const output = {
    out: (line: string) => {
      text += line;
    },
    err: () => undefined,
    color: false,
  };
  let nowMs = 1_000;
  const progress = new Progress(output, () => nowMs);
  nowMs = 2_500;
  progress.done('API server', 'https://127.0.0.1:6443');
  assert.equal(text, '  1.5 s  ✓ API server     https://127.0.0.1:6443\n');
});
