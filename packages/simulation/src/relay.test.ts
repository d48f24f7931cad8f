import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meshInputs } from './mesh-objects.ts';
import { completeCluster } from './offline-cluster.ts';
import { parseRequest } from './request.ts';
import { simulate } from './simulate.ts';
import type { Simulation } from './simulation.ts';
import { objectsOf } from './testing/objects-of.ts';

const workloads = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec: { template: { metadata: { labels: { app: shop } } } }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: outside }
spec: { hosts: [api.example.com], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DNS }
---
`;

const egressHost = 'istio-egressgateway.istio-system.svc.cluster.local';

/** Requests for api.example.com leave through the egress gateway. */
const egress = ({ mode = 'ISTIO_MUTUAL', next = 'api.example.com', tls = true } = {}): string => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: egress }
spec:
  selector: { istio: egressgateway }
  servers:
  - port: { number: 80, name: web, protocol: ${mode === '' ? 'HTTP' : 'HTTPS'} }
    hosts: ['*']
    ${mode === '' ? '' : `tls: { mode: ${mode} }`}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: egress }
spec: { host: ${egressHost}, trafficPolicy: { tls: { mode: ${tls ? 'ISTIO_MUTUAL' : 'DISABLE'}, sni: api.example.com } } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: outside }
spec:
  hosts: [api.example.com]
  gateways: [egress, mesh]
  http:
  - match: [{ gateways: [mesh] }]
    route: [{ destination: { host: ${egressHost}, port: { number: 80 } } }]
  - match: [{ gateways: [egress], uri: { prefix: /v2 } }]
    directResponse: { status: 410 }
  - match: [{ gateways: [egress] }]
    route: [{ destination: { host: ${next}, port: { number: 80 } } }]
`;

const ask = (objects: string, path = '/'): Simulation => {
  const request = parseRequest({
    method: 'GET',
    url: `http://api.example.com${path}`,
    headers: [],
  });
  assert.ok(request.value);
  const { value, diagnostics } = simulate({
    inputs: meshInputs(completeCluster(objectsOf(workloads + objects))),
    caller: { kind: 'outbound', workload: 'shop' },
    request: request.value,
  });
  assert.ok(value, JSON.stringify(diagnostics));
  return value;
};

const relaysOf = ({ destinations }: Simulation): readonly Simulation[] =>
  destinations.flatMap(({ relays }) => relays);

test('a request sent to a gateway is followed by the gateway’s own rules, as the caller', () => {
  const answer = ask(egress());
  const [relay] = relaysOf(answer);
  assert.equal(relay?.proxy, 'istio-system/istio-egressgateway-0');
  assert.equal(relay?.direction, 'gateway');
  assert.equal(relay?.origin?.path, 'spec.http[2].match[0]');
  assert.deepEqual(
    relay?.destinations.map(({ cluster, endpoints }) => [cluster, endpoints[0]?.address]),
    [['outbound|80||api.example.com', 'api.example.com:80']],
  );
  assert.equal(relay?.security?.principal, 'spiffe://cluster.local/ns/default/sa/default');
  assert.deepEqual(answer.destinations[0]?.arrivals, []);
  assert.equal(
    answer.clientSees,
    'the answer of api.example.com:80 (istio-system/istio-egressgateway-0)',
  );
});

test('what the gateway answers itself is what the client sees', () => {
  const answer = ask(egress({ mode: '', tls: false }), '/v2/things');
  assert.equal(relaysOf(answer)[0]?.status, 410);
  assert.match(answer.clientSees, /^410, a direct response \(istio-system\/istio-egressgateway/);
});

const refusals = [
  {
    name: 'plaintext to a server of mutual TLS',
    objects: egress({ tls: false }),
    sees: /no filter chain takes it|this port speaks TLS/,
  },
  {
    name: 'mutual TLS to a server of plain HTTP',
    objects: egress({ mode: '' }),
    sees: /a failed TLS handshake: this port speaks plain HTTP/,
  },
] as const;

for (const { name, objects, sees } of refusals) {
  test(`at the gateway: ${name}`, () => assert.match(ask(objects).clientSees, sees));
}

test('a gateway that sends to itself is followed so far and no further', () => {
  let [relay] = relaysOf(ask(egress({ mode: '', tls: false, next: egressHost })));
  let depth = 0;
  for (; relay !== undefined; depth++) [relay] = relaysOf(relay);
  assert.equal(depth, 4);
});
