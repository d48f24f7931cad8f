import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { builtinKinds, type KubeObject, type ResourceKind } from '@lateen/api';
import { humanDuration } from './human-duration.ts';
import { compileJsonPath } from './json-path.ts';
import { renderTable } from './table.ts';

const nowMs = Date.parse('2026-01-10T12:00:00Z');
const minutesAgo = (minutes: number): string => new Date(nowMs - minutes * 60_000).toISOString();

const builtin = (plural: string, group = ''): ResourceKind => {
  const kind = builtinKinds.find((known) => known.plural === plural && known.group === group);
  assert.ok(kind, plural);
  return kind;
};

const rowOf = (kind: ResourceKind, fields: object): Record<string, unknown> => {
  const object = {
    apiVersion: kind.group === '' ? 'v1' : `${kind.group}/v1`,
    kind: kind.kind,
    metadata: { name: 'x', creationTimestamp: minutesAgo(12) },
    ...fields,
  } as KubeObject;
  const version = kind.versions[0]?.name ?? '';
  const table = renderTable({ kind, version, objects: [object], resourceVersion: '7', nowMs });
  return Object.fromEntries(
    table.columnDefinitions.map(({ name }, index) => [name, table.rows[0]?.cells[index]]),
  );
};

describe('human durations', () => {
  const second = 1000;
  const hour = 3600 * second;
  const cases: readonly [number, string][] = [
    [-3 * second, '<invalid>'],
    [-500, '0s'],
    [36 * second, '36s'],
    [119 * second, '119s'],
    [218 * second, '3m38s'],
    [180 * second, '3m'],
    [12 * 60 * second, '12m'],
    [144 * 60 * second, '144m'],
    [3 * hour + 5 * 60 * second, '3h5m'],
    [22 * hour, '22h'],
    [38 * hour, '38h'],
    [122 * hour, '5d2h'],
    [200 * hour, '8d'],
    [24 * 800 * hour, '2y70d'],
  ];
  for (const [durationMs, text] of cases) {
    it(text, () => assert.equal(humanDuration(durationMs), text));
  }
});

describe('pods', () => {
  const pod = builtin('pods');
  const running = { state: { running: {} }, ready: true, restartCount: 0, name: 'app' };
  const spec = { containers: [{ name: 'app' }] };
  const shown = (status: object, fields: object = {}): Record<string, unknown> =>
    rowOf(pod, { spec, status, ...fields });

  it('shows a running pod', () => {
    const row = shown({ phase: 'Running', containerStatuses: [running], podIP: '10.0.0.1' });
    assert.deepEqual(
      [row['Ready'], row['Status'], row['Restarts'], row['Age'], row['IP'], row['Node']],
      ['1/1', 'Running', '0', '12m', '10.0.0.1', '<none>'],
    );
  });

  it('shows when the last restart was', () => {
    const lastState = { terminated: { exitCode: 1, finishedAt: minutesAgo(144) } };
    const row = shown({
      phase: 'Running',
      containerStatuses: [{ ...running, restartCount: 3, lastState }],
    });
    assert.equal(row['Restarts'], '3 (144m ago)');
  });

  for (const reason of ['CrashLoopBackOff', 'ImagePullBackOff', 'ContainerCreating']) {
    it(`shows ${reason}`, () => {
      const waiting = { ...running, ready: false, state: { waiting: { reason } } };
      assert.equal(shown({ phase: 'Pending', containerStatuses: [waiting] })['Status'], reason);
    });
  }

  const ended: readonly [object, string][] = [
    [{ exitCode: 0, reason: 'Completed' }, 'Completed'],
    [{ exitCode: 1, reason: 'Error' }, 'Error'],
    [{ exitCode: 3 }, 'ExitCode:3'],
    [{ exitCode: 0, signal: 9 }, 'Signal:9'],
  ];
  for (const [terminated, text] of ended) {
    it(`shows ${text}`, () => {
      const status = { ...running, ready: false, state: { terminated } };
      assert.equal(shown({ phase: 'Running', containerStatuses: [status] })['Status'], text);
    });
  }

  it('shows a completed container beside a ready one as NotReady', () => {
    const done = {
      ...running,
      name: 'b',
      ready: false,
      state: { terminated: { exitCode: 0, reason: 'Completed' } },
    };
    const row = shown({ phase: 'Running', containerStatuses: [done, running] });
    assert.equal(row['Status'], 'NotReady');
  });

  it('shows the progress and the failure of init containers', () => {
    const initSpec = { ...spec, initContainers: [{ name: 'i' }, { name: 'j' }] };
    const done = {
      name: 'i',
      ready: true,
      restartCount: 0,
      state: { terminated: { exitCode: 0 } },
    };
    const init = (state: object): unknown =>
      shown(
        { phase: 'Pending', initContainerStatuses: [done, { name: 'j', restartCount: 0, state }] },
        { spec: initSpec },
      )['Status'];
    assert.equal(init({ running: {} }), 'Init:1/2');
    assert.equal(init({ terminated: { exitCode: 1, reason: 'Error' } }), 'Init:Error');
    assert.equal(init({ waiting: { reason: 'CrashLoopBackOff' } }), 'Init:CrashLoopBackOff');
  });

  it('counts a started sidecar init container as a container', () => {
    const row = shown(
      {
        phase: 'Running',
        initContainerStatuses: [
          { name: 's', started: true, ready: true, restartCount: 0, state: { running: {} } },
        ],
        containerStatuses: [running],
      },
      { spec: { ...spec, initContainers: [{ name: 's', restartPolicy: 'Always' }] } },
    );
    assert.equal(row['Ready'], '2/2');
    assert.equal(row['Status'], 'Running');
  });

  it('shows deletion', () => {
    const metadata = { name: 'x', deletionTimestamp: minutesAgo(0) };
    assert.equal(shown({ phase: 'Running' }, { metadata })['Status'], 'Terminating');
    assert.equal(
      shown({ phase: 'Running', reason: 'NodeLost' }, { metadata })['Status'],
      'Unknown',
    );
  });
});

describe('other built-in kinds', () => {
  it('services', () => {
    const ports = [
      { port: 15021, nodePort: 32639, protocol: 'TCP' },
      { port: 80, nodePort: 31338 },
    ];
    const spec = {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.5',
      ports,
      selector: { b: '2', a: '1' },
    };
    assert.deepEqual(rowOf(builtin('services'), { spec }), {
      Name: 'x',
      Type: 'LoadBalancer',
      'Cluster-IP': '10.96.0.5',
      'External-IP': '<pending>',
      'Port(s)': '15021:32639/TCP,80:31338/TCP',
      Age: '12m',
      Selector: 'a=1,b=2',
    });
    const status = { loadBalancer: { ingress: [{ ip: '127.0.0.9' }] } };
    assert.equal(rowOf(builtin('services'), { spec, status })['External-IP'], '127.0.0.9');
  });

  it('deployments', () => {
    const row = rowOf(builtin('deployments', 'apps'), {
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'a' } },
        template: { spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
      status: { readyReplicas: 1, updatedReplicas: 2 },
    });
    assert.deepEqual(
      [row['Ready'], row['Up-to-date'], row['Available'], row['Images'], row['Selector']],
      ['1/2', 2, 0, 'i', 'app=a'],
    );
  });

  it('endpoints and endpoint slices stop at three', () => {
    const addresses = [1, 2, 3, 4, 5].map((n) => ({ ip: `10.0.0.${n}` }));
    const subsets = [{ addresses, ports: [{ port: 80 }] }];
    assert.equal(
      rowOf(builtin('endpoints'), { subsets })['Endpoints'],
      '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more...',
    );
    assert.equal(rowOf(builtin('endpoints'), {})['Endpoints'], '<none>');
    const slices = builtin('endpointslices', 'discovery.k8s.io');
    const row = rowOf(slices, { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }] });
    assert.deepEqual([row['Ports'], row['Endpoints']], ['<unset>', '10.0.0.1']);
  });

  it('events', () => {
    const row = rowOf(builtin('events'), {
      involvedObject: { kind: 'Pod', name: 'p' },
      type: 'Normal',
      reason: 'Scheduled',
      message: ' ok ',
      lastTimestamp: minutesAgo(3),
    });
    assert.deepEqual(
      [row['Last Seen'], row['Object'], row['Message'], row['Count']],
      ['3m', 'pod/p', 'ok', 1],
    );
  });

  it('renders every built-in kind without spec or status', () => {
    for (const kind of builtinKinds) assert.doesNotThrow(() => rowOf(kind, {}), kind.kind);
  });
});

describe('declared columns', () => {
  const kind: ResourceKind = {
    group: 'example.org',
    kind: 'Widget',
    plural: 'widgets',
    singular: 'widget',
    namespaced: true,
    storageVersion: 'v1',
    versions: [
      {
        name: 'v1',
        schema: {},
        printerColumns: [
          { name: 'Hosts', type: 'string', jsonPath: '.spec.hosts' },
          {
            name: 'Ready',
            type: 'string',
            jsonPath: '.status.conditions[?(@.type=="Ready")].status',
          },
          { name: 'Size', type: 'integer', jsonPath: '.spec.size', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      },
      { name: 'v2', schema: {} },
    ],
  };
  const object: KubeObject = {
    apiVersion: 'example.org/v1',
    kind: 'Widget',
    metadata: { name: 'w', creationTimestamp: minutesAgo(3), labels: { a: 'b' } },
    spec: { hosts: ['a', 'b'], size: 3 },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
  const request = { kind, version: 'v1', objects: [object], resourceVersion: '7', nowMs };

  it('prints them, arrays as JSON and dates as ages', () => {
    const table = renderTable(request);
    assert.deepEqual(table.rows[0]?.cells, ['w', '["a","b"]', 'True', 3, '3m']);
    assert.deepEqual(
      table.columnDefinitions.map(({ priority }) => priority),
      [0, 0, 0, 1, 0],
    );
    assert.deepEqual(table.rows[0]?.object, {
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: object.metadata,
    });
  });

  it('leaves absent values empty', () => {
    const { spec: _spec, status: _status, ...bare } = object;
    const table = renderTable({ ...request, objects: [bare], includeObject: 'None' });
    assert.deepEqual(table.rows, [{ cells: ['w', null, null, null, '3m'] }]);
  });

  it('shows name and age of a version without columns', () => {
    assert.deepEqual(renderTable({ ...request, version: 'v2' }).rows[0]?.cells, ['w', '3m']);
  });

  const paths: readonly [string, readonly unknown[]][] = [
    ['.spec.hosts[1]', ['b']],
    ['{.spec.hosts[*]}', ['a', 'b']],
    ["$.metadata.labels['a']", ['b']],
    ['.metadata.labels.a\\.b', []],
    ['.spec.hosts[?(', []],
    ['.metadata.constructor', []],
  ];
  for (const [path, values] of paths) {
    it(`selects ${path}`, () => assert.deepEqual(compileJsonPath(path)(object), values));
  }
});
