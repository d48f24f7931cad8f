import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildListeners, buildRoutes } from '../index.ts';
import type { Config } from '../input/config.ts';
import { type ServiceEntry, serviceEntry } from '../input/service-entry.ts';
import { pushOf, sidecarOf } from '../testing/test-mesh.ts';
import { allocateAddresses } from './auto-allocation.ts';

const entry = (name: string, spec: object, status?: object): Config<ServiceEntry> => ({
  kind: 'ServiceEntry',
  apiVersion: 'networking.istio.io/v1',
  name,
  namespace: 'default',
  labels: new Map(),
  annotations: new Map(),
  creationTimestamp: '',
  spec: serviceEntry(spec, 'spec', () => undefined) as ServiceEntry,
  status,
});
const dns = (...hosts: string[]) => ({ hosts, resolution: 'DNS' });

test('hosts without addresses get one of their own, the same each time', () => {
  const entries = [
    entry('a', dns('a.example', 'b.example', '*.wild.example')),
    entry('static', { hosts: ['c.example'], resolution: 'STATIC' }),
    entry('none', { hosts: ['d.example'], resolution: 'NONE' }),
    entry('own', { ...dns('e.example'), addresses: ['10.9.9.9'] }),
  ];
  const found = allocateAddresses(entries);
  assert.deepEqual(
    [...found.keys()],
    ['default/a/a.example', 'default/a/b.example', 'default/static/c.example'],
  );
  const all = [...found.values()].flat();
  assert.equal(new Set(all).size, 3);
  for (const address of all) assert.match(address, /^240\.240\.\d{1,3}\.\d{1,3}$/);
  assert.deepEqual(allocateAddresses(entries), found);
  assert.deepEqual(
    allocateAddresses([...entries].reverse()).get('default/a/a.example'),
    found.get('default/a/a.example'),
  );
});

test('addresses in the status stay, and nobody else gets them', () => {
  const [wanted] = [...allocateAddresses([entry('b', dns('b.example'))]).values()];
  const addresses = [{ host: 'a.example', value: wanted?.[0] }];
  const found = allocateAddresses([
    entry('b', dns('b.example')),
    entry('a', dns('a.example'), { addresses }),
  ]);
  assert.deepEqual(found.get('default/a/a.example'), wanted);
  assert.notDeepEqual(found.get('default/b/b.example'), wanted);
});

test('a host in two entries has one address; a whole range of hosts has no two alike', () => {
  const shared = allocateAddresses([entry('a', dns('x.example')), entry('b', dns('x.example'))]);
  assert.deepEqual(shared.get('default/a/x.example'), shared.get('default/b/x.example'));
  const hosts = Array.from({ length: 20_000 }, (_, at) => `h${at}.example`);
  const many = [...allocateAddresses([entry('many', dns(...hosts))]).values()].flat();
  assert.equal(new Set(many).size, hosts.length);
  for (const address of many) {
    const last = Number(address.split('.')[3]);
    assert.ok(last >= 1 && last <= 254);
  }
});

test('a status that is no status is no harm', () => {
  for (const status of [null, 7, { addresses: 'x' }, { addresses: [null, { host: 1 }] }]) {
    const found = allocateAddresses([entry('a', dns('a.example'), status as object)]);
    assert.equal(found.get('default/a/a.example')?.length, 1);
  }
});

test('proxies with a DNS server listen on the address and know it as a domain', () => {
  const yaml = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: db }
spec: { hosts: [db.example], ports: [{ number: 5432, name: tcp, protocol: TCP }, { number: 80, name: http, protocol: HTTP }], resolution: DNS }
status: { addresses: [{ host: db.example, value: 240.240.7.7 }] }
`;
  const push = pushOf(yaml);
  const see = (metadata: object) => {
    const proxy = sidecarOf('productpage-v1-abc-1', '127.9.0.1', {
      INTERCEPTION_MODE: 'REDIRECT',
      ...metadata,
    });
    const names = buildListeners(push, proxy).map(({ name }) => name);
    const [route] = buildRoutes(push, proxy, ['80']);
    const host = route?.message.virtualHosts.find(({ name }) => name === 'db.example:80');
    return { listener: names.find((name) => name.endsWith('_5432')), domains: host?.domains };
  };
  assert.deepEqual(see({ DNS_CAPTURE: 'true' }), {
    listener: '240.240.7.7_5432',
    domains: ['db.example', '240.240.7.7'],
  });
  assert.deepEqual(see({}), { listener: '0.0.0.0_5432', domains: ['db.example'] });
});
