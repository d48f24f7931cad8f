/** What a person gets wrong, and what they are told. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fetchPage, type Mesh, missing, root, startMesh, until } from './mesh.ts';
import { processesOf } from './processes.ts';
import { shellOf } from './shell.ts';

const options = { skip: missing, timeout: 120_000 };
let mesh: Mesh;

before(async () => {
  if (missing === false) mesh = await startMesh({ sample: 'bookinfo' });
}, options);
after(async () => {
  if (missing === false) await mesh.down();
}, options);

const virtualService = (spec: string): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: wrong }
spec: ${spec}
`;

const route = (weight: string): string =>
  `{ hosts: [reviews], http: [{ route: [{ destination: { host: reviews }, weight: ${weight} }] }] }`;

const refusals = [
  [
    'a misspelt field',
    virtualService('{ hosts: [reviews], htp: [] }'),
    /unknown field "spec\.htp"/,
  ],
  [
    'a wrong type',
    virtualService(route('fifty')),
    /spec\.http\[0\]\.route\[0\]\.weight.*(integer|type)/s,
  ],
  ['a weight below zero', virtualService(route('-1')), /spec\.http\[0\]\.route\[0\]\.weight/],
  ['a VirtualService without hosts', virtualService('{ http: [] }'), /spec\.hosts/],
  ['a manifest that is not YAML', 'kind: [', /error (parsing|converting YAML)|yaml/i],
] as const;

for (const [what, manifest, words] of refusals) {
  test(`${what} is refused with its place`, options, async () => {
    const result = await mesh.tryKubectl(['apply', '-f', '-'], manifest);
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, words);
    const left = await mesh.tryKubectl(['get', 'virtualservice', 'wrong']);
    assert.match(left.stderr, /NotFound/);
  });
}

const pod = (name: string, container: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { sidecar.istio.io/inject: "false" } }
spec: { containers: [{ name: app, ${container} }] }
`;

test('an unknown image is named, with what to do', options, async () => {
  await mesh.kubectl('apply -f -', pod('strange', 'image: example.com/no/such:1'));
  await until('ImagePullBackOff', async () => {
    const table = await mesh.kubectl('get pod strange');
    return /ErrImagePull|ImagePullBackOff/.test(table) ? true : undefined;
  });
  const description = await mesh.kubectl('describe pod strange');
  assert.match(description, /example\.com\/no\/such/);
  assert.match(description, /catalog/i);
});

test('a container that exits at once is restarted and shown as such', options, async () => {
  const command = 'image: curlimages/curl, command: [sh, -c, "echo giving up >&2; exit 3"]';
  await mesh.kubectl('apply -f -', pod('brief', command));
  await until('a restart', async () => {
    const table = await mesh.kubectl('get pod brief');
    return /(CrashLoopBackOff|Error) +[1-9]/.test(table) ? true : undefined;
  });
  assert.match(await mesh.kubectl('describe pod brief'), /Exit Code: +3/);
  assert.match(await mesh.kubectl('logs brief --previous'), /giving up/);
});

test(
  'a route to a subset that does not exist answers 503 and says so in the log',
  options,
  async () => {
    const broken = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: bookinfo }
spec:
  hosts: ["*"]
  gateways: [bookinfo-gateway]
  http: [{ route: [{ destination: { host: productpage, subset: nowhere, port: { number: 9080 } } }] }]
`;
    await mesh.kubectl('apply -f -', broken);
    await until('503', async () => {
      const page = await fetchPage(`${mesh.gateway}/productpage`);
      return page.status === 503 ? true : undefined;
    });
    await until('a line of the log with the reason', async () => {
      const log = await mesh.kubectl('logs -n istio-system deploy/istio-ingressgateway --tail=20');
      return /"GET \/productpage HTTP\/1\.1" 503 (NC|NR|UH) \S+/.test(log) ? true : undefined;
    });
  },
);

test('a second start on the state folder is refused, and the first goes on', options, async () => {
  for (const flags of [['--detach'], ['--clusters', '2'], ['--clusters', '2', '--detach']]) {
    const { code, stderr } = await mesh.lateen('up', ...flags);
    assert.equal(code, 1);
    assert.match(stderr, /^lateen: a cluster is already running on \S+: see "lateen status"/);
  }
  // Else the next start would bring up two clusters.
  assert.ok(!existsSync(join(mesh.stateDir, 'mesh.json')));
  assert.equal((await mesh.lateen('status')).code, 0);
});

test('a Deployment that changes what it selects is refused', options, async () => {
  const labels = '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}';
  const { code, stderr } = await mesh.tryKubectl(['patch', 'deploy', 'details-v1', '-p', labels]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /Deployment "details-v1" is invalid: .*spec\.selector: .*field is immutable/s,
  );
});

test('commands of istioctl that are not here say what is', options, async () => {
  const shell = await shellOf(mesh);
  const rows = [
    ['istioctl install --set profile=demo -y', /"lateen up" starts both/],
    ['istioctl x describe pod productpage', /"lateen explain /],
    ['istioctl dashboard kialy', /Allowed choices are kiali/],
    ['istioctl pss', /unknown command 'pss'\n\(Did you mean .*ps/],
  ] as const;
  for (const [command, words] of rows) {
    const { code, stderr } = await shell(command);
    assert.equal(code, 2, command);
    assert.match(stderr, words);
  }
});

test('who reads only the beginning gets no stack trace', options, async () => {
  const shell = await shellOf(mesh);
  const { stdout, stderr } = await shell('for i in 1 2 3; do lateen up --help | head -1; done');
  assert.equal(stdout, 'Usage: lateen up [options]\n'.repeat(3));
  assert.equal(stderr, '');
});

test('who does not wait for --detach leaves nothing behind', options, async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'lateen-e2e-'));
  t.after(() => rmSync(stateDir, { recursive: true, force: true }));
  // With an application: long enough that it is not ready yet when somebody has read the first line.
  const words = ['up', '--detach', '--sample', 'bookinfo', '--no-dashboard'];
  const launcher = spawn(process.execPath, [
    join(root, 'bin/lateen.mjs'),
    ...words,
    ...['--state-dir', stateDir],
  ]);
  let out = '';
  let err = '';
  launcher.stderr.on('data', (chunk: Buffer) => {
    err += chunk;
  });
  const exited = once(launcher, 'exit');
  launcher.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  const hasBegun = (): boolean => /API server/.test(out) || launcher.exitCode !== null;
  await until('its first steps', async () => (hasBegun() ? true : undefined), 60_000);
  assert.equal(launcher.exitCode, null, out + err);
  launcher.kill('SIGINT');
  const [code] = await exited;
  assert.equal(code, 130, err);
  assert.match(err, /stopped before it was ready/);
  await until('no process left', async () =>
    processesOf(stateDir).length === 0 ? true : undefined,
  );
});
