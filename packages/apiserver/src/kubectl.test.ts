/** Stock kubectl against the server: what people type, and what they must see. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { kubectlMissing } from './testing/kubectl.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const deployment = (name: string, extra = ''): string => `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels: {app: ${name}}
spec:
  replicas: 2
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
      - name: main
        image: example/main:1
        ports: [{containerPort: 9080}]
      - name: side
        image: example/side:1
${extra}`;

const virtualService = (name: string, weight = 100): string => `
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: ${name}}
spec:
  hosts: ["*"]
  gateways: [bookinfo-gateway]
  http:
  - route:
    - destination: {host: ${name}, subset: v1}
      weight: ${weight}
`;

describe('kubectl', { skip: kubectlMissing }, () => {
  let mesh: TestServer;
  before(async () => {
    mesh = await startTestServer();
  });
  after(() => mesh.close());

  /** Output of a command that must succeed. */
  const ok = async (
    command: string,
    options: { input?: string; env?: Record<string, string> } = {},
  ): Promise<string> => {
    const result = await mesh.kubectl.run(command.split(' '), options);
    assert.equal(result.code, 0, `kubectl ${command}: ${result.stderr}${result.stdout}`);
    return result.stdout.trim();
  };

  /** Error text of a command that must fail. */
  const fails = async (command: string, input = ''): Promise<string> => {
    const result = await mesh.kubectl.run(command.split(' '), { input });
    assert.notEqual(result.code, 0, `kubectl ${command} succeeded: ${result.stdout}`);
    return result.stderr;
  };

  const apply = (input: string, ...options: string[]) =>
    ok(['apply', '-f', '-', ...options].join(' '), { input });

  test('version and health', async () => {
    assert.match(await ok('version'), /Server Version: .*v1\.32/);
    assert.equal(await ok('get --raw /readyz'), 'ok');
    assert.match(await ok('get --raw /metrics'), /^apiserver_request_total\{/m);
  });

  test('api-resources and api-versions list built-in kinds and CRDs', async () => {
    const resources = await ok('api-resources');
    assert.match(resources, /^pods +po +v1 +true +Pod$/m);
    assert.match(resources, /^deployments +deploy +apps\/v1 +true +Deployment$/m);
    assert.match(
      resources,
      /^virtualservices +vs +networking.istio.io\/v1 +true +VirtualService$/m,
    );
    const versions = await ok('api-versions');
    assert.match(versions, /^networking\.istio\.io\/v1alpha3$/m);
    assert.match(versions, /^v1$/m);
  });

  test('get crds prints fifteen with their creation', async () => {
    const lines = (await ok('get crds')).split('\n');
    assert.match(lines[0] ?? '', /^NAME +CREATED AT$/);
    assert.equal(lines.filter((line) => line.includes('.istio.io')).length, 15);
    await ok('wait --for=condition=Established crd/virtualservices.networking.istio.io');
  });

  test('apply creates, leaves unchanged, configures', async () => {
    assert.equal(await apply(deployment('web')), 'deployment.apps/web created');
    assert.equal(await apply(deployment('web')), 'deployment.apps/web unchanged');
    const changed = deployment('web').replace('main:1', 'main:2');
    assert.equal(await apply(changed), 'deployment.apps/web configured');
    assert.equal(
      await ok('get deploy web -o jsonpath={.spec.template.spec.containers[*].image}'),
      'example/main:2 example/side:1',
    );
    assert.equal(await ok('get deploy web -o jsonpath={.metadata.generation}'), '2');
  });

  test('apply removes what the manifest no longer has', async () => {
    await apply(deployment('shrink', '        env: [{name: A, value: "1"}]\n'));
    const without = deployment('shrink').replace(/ {6}- name: side\n.*\n/, '');
    await apply(without);
    assert.equal(
      await ok('get deploy shrink -o jsonpath={.spec.template.spec.containers[*].name}'),
      'main',
    );
  });

  test('custom resources print their columns, arrays as JSON', async () => {
    assert.match(await apply(virtualService('bookinfo')), /bookinfo created$/);
    const [header, row] = (await ok('get vs bookinfo')).split('\n');
    assert.match(header ?? '', /^NAME +GATEWAYS +HOSTS +AGE$/);
    assert.match(row ?? '', /^bookinfo +\["bookinfo-gateway"\] +\["\*"\] +\d+s$/);
    assert.match(await apply(virtualService('bookinfo', 50)), /configured$/);
    assert.equal(await ok('get vs bookinfo -o jsonpath={.spec.http[0].route[0].weight}'), '50');
    assert.match(await ok('get vs bookinfo -o yaml'), /apiVersion: networking.istio.io\/v1\n/);
  });

  test('mistakes are refused with the path of the field', async () => {
    const misspelt = virtualService('typo').replace('  http:', '  htp:');
    assert.match(
      await fails('apply -f -', misspelt),
      /strict decoding error: unknown field "spec\.htp"/,
    );
    const mistyped = virtualService('typo').replace('weight: 100', 'weight: many');
    assert.match(await fails('apply -f -', mistyped), /spec\.http\[0\]\.route\[0\]\.weight/);
    assert.match(await fails('apply -f -', 'not: [yaml'), /error (parsing|converting)/);
    const unknownKind = virtualService('typo').replace('VirtualService', 'VirtualServce');
    assert.match(await fails('apply -f -', unknownKind), /no matches for kind "VirtualServce"/);
    const nowhere = await fails('apply -n nowhere -f -', virtualService('typo'));
    assert.match(nowhere, /namespaces "nowhere" not found/);
    assert.match(await fails('get vs typo'), /"typo" not found/);
  });

  test('create of typed objects, which newer kubectls send as protobuf', async () => {
    assert.equal(await ok('create namespace shop'), 'namespace/shop created');
    await ok('create configmap settings --from-literal=a=1 -n shop');
    assert.equal(await ok('get cm settings -n shop -o jsonpath={.data.a}'), '1');
    await ok('create secret generic key --from-literal=password=hidden -n shop');
    assert.equal(
      await ok('get secret key -n shop -o jsonpath={.data.password}'),
      Buffer.from('hidden').toString('base64'),
    );
    await ok('create serviceaccount robot -n shop');
    assert.equal(await ok('create token robot -n shop'), 'token-of-shop-robot');
    await ok('create deployment front --image=example/front --replicas=3 --port=80 -n shop');
    assert.equal(await ok('get deploy front -n shop -o jsonpath={.spec.replicas}'), '3');
    await ok('create service clusterip front --tcp=80:8080 -n shop');
    const service = await ok(
      'get svc front -n shop -o jsonpath={.spec.clusterIP}:{.spec.ports[0].targetPort}',
    );
    assert.match(service, /^127\.1\.12[89]\.\d+:8080$/);
    assert.match(await fails('create namespace shop'), /AlreadyExists/);
    await ok('run one --image=example/one -n shop --labels=app=one');
    assert.equal(await ok('get pod one -n shop -o jsonpath={.status.phase}'), 'Pending');
  });

  test('services get addresses and print their ports', async () => {
    await apply(`
apiVersion: v1
kind: Service
metadata: {name: edge}
spec:
  type: LoadBalancer
  selector: {app: edge}
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: https, port: 443}
`);
    const [header, row] = (await ok('get svc edge -o wide')).split('\n');
    assert.match(header ?? '', /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR$/);
    assert.match(
      row ?? '',
      /^edge +LoadBalancer +127\.1\.12[89]\.\d+ +<pending> +80:3\d{4}\/TCP,443:3\d{4}\/TCP +\d+s +app=edge$/,
    );
  });

  test('label, annotate, patch, scale, set image, edit, replace', async () => {
    await apply(deployment('many'));
    await ok('label deploy many tier=front');
    assert.match(await ok('get deploy -l tier=front --show-labels'), /app=many,tier=front/);
    await ok('label deploy many tier-');
    assert.equal(await ok('get deploy -l tier=front -o name'), '');
    await ok('annotate deploy many note=hello');
    assert.equal(await ok('get deploy many -o jsonpath={.metadata.annotations.note}'), 'hello');
    await ok('scale deploy many --replicas=5');
    assert.equal(await ok('get deploy many -o jsonpath={.spec.replicas}'), '5');
    await ok('set image deploy/many side=example/side:9');
    assert.equal(
      await ok('get deploy many -o jsonpath={.spec.template.spec.containers[*].image}'),
      'example/main:1 example/side:9',
    );
    await ok('patch deploy many -p {"spec":{"replicas":1}}');
    await ok('patch deploy many --type=merge -p {"metadata":{"labels":{"merge":"1"}}}');
    await ok('patch deploy many --type=json -p [{"op":"remove","path":"/metadata/labels/merge"}]');
    await ok('edit deploy many', { env: { KUBE_EDITOR: 'sed -i s/side:9/side:10/' } });
    assert.match(
      await ok('get deploy many -o jsonpath={.spec.template.spec.containers[*].image}'),
      /example\/side:10$/,
    );
    await ok('rollout restart deploy/many');
    const file = join(mesh.folder, 'many.json');
    const current = JSON.parse(await ok('get deploy many -o json'));
    current.spec.replicas = 7;
    writeFileSync(file, JSON.stringify(current));
    await ok(`replace -f ${file}`);
    assert.equal(await ok('get deploy many -o jsonpath={.spec.replicas}'), '7');
    assert.match(await fails(`replace -f ${file}`), /the object has been modified/);
    await ok(`replace --force -f ${file}`);
  });

  test('patches of custom resources: merge and JSON, no strategic merge', async () => {
    await apply(virtualService('patched'));
    await ok('patch vs patched --type=merge -p {"spec":{"hosts":["a.example"]}}');
    assert.equal(await ok('get vs patched -o jsonpath={.spec.hosts[0]}'), 'a.example');
    const refused = await fails('patch vs patched --type=strategic -p {"spec":{"hosts":["b"]}}');
    assert.match(refused, /strategic-merge-patch\+json is not supported/);
    await ok('edit vs patched', { env: { KUBE_EDITOR: 'sed -i s/a.example/c.example/' } });
    assert.equal(await ok('get vs patched -o jsonpath={.spec.hosts[0]}'), 'c.example');
  });

  test('server-side apply owns fields and reports conflicts', async () => {
    const manifest = (value: string): string =>
      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"owned"},"data":{"a":"${value}"}}`;
    assert.match(
      await apply(manifest('1'), '--server-side', '--field-manager=one'),
      /serverside-applied/,
    );
    const conflict = await fails('apply --server-side --field-manager=two -f -', manifest('2'));
    assert.match(conflict, /conflict.*"one"/s);
    await apply(manifest('2'), '--server-side', '--field-manager=two', '--force-conflicts');
    assert.equal(await ok('get cm owned -o jsonpath={.data.a}'), '2');
    assert.match(
      await ok('get cm owned -o yaml --show-managed-fields'),
      /manager: two\n +operation: Apply/,
    );
  });

  test('dry runs and diffs change nothing', async () => {
    await apply(virtualService('dry'));
    await apply(virtualService('dry', 10), '--dry-run=server');
    await apply(virtualService('never'), '--dry-run=server');
    const diff = await mesh.kubectl.run(['diff', '-f', '-'], { input: virtualService('dry', 10) });
    assert.equal(diff.code, 1, diff.stderr);
    assert.match(diff.stdout, /^\+.*weight: 10$/m);
    assert.equal(await ok('get vs dry -o jsonpath={.spec.http[0].route[0].weight}'), '100');
    assert.match(await fails('get vs never'), /not found/);
  });

  test('get in all formats and selections', async () => {
    await ok('create namespace views');
    for (const name of ['one', 'two'])
      await ok(`create configmap ${name} --from-literal=k=${name} -n views`);
    assert.equal(await ok('get cm -n views -o name'), 'configmap/one\nconfigmap/two');
    assert.match(await ok('get cm -n views'), /^NAME +DATA +AGE\none +1 +\d+s\ntwo +1/);
    assert.match(await ok('get cm -A'), /^NAMESPACE +NAME +DATA +AGE$/m);
    assert.equal(
      await ok('get cm -n views --field-selector metadata.name=two -o name'),
      'configmap/two',
    );
    assert.equal(
      await ok('get cm -n views --chunk-size=1 -o name'),
      'configmap/one\nconfigmap/two',
    );
    assert.equal(JSON.parse(await ok('get cm -n views -o json')).items.length, 2);
    assert.match(await ok('get cm -n views -o custom-columns=N:.metadata.name'), /^N\none\ntwo$/);
    assert.match(await ok('get all -n views'), /^$/);
    assert.match(await ok('get cm,secret -n views'), /configmap\/one/);
    assert.match(
      await ok('get cm -n views --sort-by=.metadata.name --no-headers'),
      /^one .*\ntwo /s,
    );
  });

  test('explain knows fields of built-in kinds and CRDs', async () => {
    assert.match(await ok('explain pod.spec.containers'), /FIELD: containers <\[\]Object>/);
    const route = await ok('explain virtualservice.spec.http');
    assert.match(route, /GROUP: +networking.istio.io/);
    assert.match(route, /^ +route\t/m);
    assert.match(await ok('explain deployment --recursive'), /progressDeadlineSeconds/);
  });

  test('describe shows an object with its events', async () => {
    await apply(deployment('told'));
    const uid = await ok('get deploy told -o jsonpath={.metadata.uid}');
    await apply(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'told.1', namespace: 'default' },
        involvedObject: { kind: 'Deployment', namespace: 'default', name: 'told', uid },
        reason: 'ScalingReplicaSet',
        message: 'Scaled up replica set told-1 to 2',
        type: 'Normal',
        firstTimestamp: new Date().toISOString(),
        lastTimestamp: new Date().toISOString(),
        source: { component: 'deployment-controller' },
      }),
    );
    const text = await ok('describe deploy told');
    assert.match(text, /^Replicas: +2 desired/m);
    assert.match(text, /Normal +ScalingReplicaSet .* deployment-controller +Scaled up replica set/);
    await apply(virtualService('told'));
    assert.match(await ok('describe vs told'), /Destination:\n.*Host: +told/s);
    assert.match(await ok('describe ns default'), /Status: +Active/);
    assert.match(await ok('describe svc -n kube-system'), /^$/);
  });

  test('deletion: one, by label, by file, and a whole namespace', async () => {
    await ok('create namespace doomed');
    for (const name of ['a', 'b', 'c'])
      await ok(`create configmap ${name} --from-literal=x=y -n doomed`);
    assert.equal(await ok('delete cm a -n doomed'), 'configmap "a" deleted');
    await ok('label cm b kill=yes -n doomed');
    await ok('delete cm -l kill=yes -n doomed');
    assert.equal(await ok('get cm -n doomed -o name'), 'configmap/c');
    await ok('apply -n doomed -f -', { input: virtualService('gone') });
    await ok('delete -n doomed -f -', { input: virtualService('gone') });
    assert.match(await fails('delete cm a -n doomed'), /"a" not found/);
    await ok('delete cm a -n doomed --ignore-not-found');
    assert.equal(await ok('delete namespace doomed'), 'namespace "doomed" deleted');
    assert.match(await fails('get ns doomed'), /not found/);
    assert.equal(await ok('get cm -A --field-selector metadata.namespace=doomed -o name'), '');
  });

  test('wait sees a change and a deletion', async () => {
    await apply(deployment('awaited'));
    const waiting = ok(
      'wait deploy/awaited --for=jsonpath={.metadata.labels.go}=yes --timeout=20s',
    );
    await ok('label deploy awaited go=yes');
    assert.match(await waiting, /condition met/);
    const gone = ok('wait deploy/awaited --for=delete --timeout=20s');
    await ok('delete deploy awaited');
    await gone;
  });

  test('get -w prints changes as they come', async () => {
    await ok('create configmap watched --from-literal=a=1');
    const watching = mesh.kubectl.start(['get', 'cm', 'watched', '-w']);
    let text = '';
    const { promise: seen, resolve } = Promise.withResolvers<void>();
    watching.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (/watched +1/.test(text) && !/watched +2/.test(text))
        void ok('patch cm watched -p {"data":{"b":"2"}}');
      if (/watched +2/.test(text)) resolve();
    });
    try {
      await seen;
      assert.match(text, /^NAME +DATA +AGE\nwatched +1 .*\nwatched +2 /);
    } finally {
      watching.kill();
    }
  });

  test('auth can-i and whoami', async () => {
    assert.equal(await ok('auth can-i create pods'), 'yes');
    assert.match(await ok('auth whoami'), /Username +admin/);
    const token = ['--token=jo-token', `--server=${mesh.server.url}`, '--kubeconfig=/dev/null'];
    const asJo = (...command: string[]) =>
      mesh.kubectl.run([...command, ...token, '--insecure-skip-tls-verify=true']);
    assert.equal((await asJo('auth', 'can-i', 'list', 'pods')).stdout.trim(), 'yes');
    const no = await asJo('auth', 'can-i', 'delete', 'pods');
    assert.equal(no.stdout.trim(), 'no');
    const refused = await asJo('get', 'secrets');
    assert.match(
      refused.stderr,
      /Error from server \(Forbidden\): secrets is forbidden: User "jo"/,
    );
  });
});
