import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyzeObjects } from '../analyze.ts';
import { defaultGatewayObjects } from '../default-gateway.ts';
import { type Case, find, objectsOf } from '../testing/find.ts';

const pod = `
kind: Pod
metadata: { name: pod, namespace: istio-system, labels: { istio: ingressgateway } }
spec: { containers: [{ name: istio-proxy, image: x }] }
---
kind: Service
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec: { selector: { istio: ingressgateway }, ports: [{ name: http, port: 80, targetPort: 8080 }, { name: dns, port: 53, protocol: UDP }] }
---`;

const gateway = (name: string, server: string, selector = '{ istio: ingressgateway }'): string => `
kind: Gateway
metadata: { name: ${name} }
spec: { selector: ${selector}, servers: [${server}] }
---`;

const http = (port: number, hosts = "['*']"): string =>
  `{ port: { number: ${port}, name: http, protocol: HTTP }, hosts: ${hosts} }`;

const https = (tls: string, hosts = "['*']"): string =>
  `{ port: { number: 443, name: https, protocol: HTTPS }, hosts: ${hosts}, tls: ${tls} }`;

const portCases: readonly Case[] = [
  { name: 'a port of the Service', yaml: pod + gateway('gw', http(80)), found: [] },
  { name: 'a target port of the Service', yaml: pod + gateway('gw', http(8080)), found: [] },
  {
    name: 'a port only of UDP',
    yaml: pod + gateway('gw', http(53)),
    found: [
      'IST0162 Gateway/default/gw spec.servers[0].port.number: The gateway is listening on a target port (port 53) that is not defined in the Service associated with its workload instances (Pod selector istio=ingressgateway). If you need to access the gateway port through the gateway Service, it will not be available.',
    ],
  },
  {
    name: 'no pod of that label',
    yaml: pod + gateway('gw', http(80), '{ istio: other, app: x }'),
    found: [
      'IST0101 Gateway/default/gw spec.selector[app]: Referenced selector not found: "app=x,istio=other"',
    ],
  },
  {
    name: 'a Deployment that will make the pods',
    yaml: `
kind: Deployment
metadata: { name: gw, namespace: istio-system }
spec:
  selector: { matchLabels: { istio: mine } }
  template: { metadata: { labels: { istio: mine } }, spec: { containers: [{ name: istio-proxy, image: auto }] } }
---
kind: Service
metadata: { name: gw, namespace: istio-system }
spec: { selector: { istio: mine }, ports: [{ name: http, port: 80 }] }
---
${gateway('gw', http(80), '{ istio: mine }')}`,
    found: [],
  },
];
for (const { name, yaml, found } of portCases)
  test(`ports of a Gateway: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0101', 'IST0162']), found);
  });

test('without a cluster the default ingress gateway is there', () => {
  const objects = objectsOf(
    gateway('gw', `${http(80)}, ${http(8080).replace('name: http', 'name: h2')}`),
  );
  assert.deepEqual(analyzeObjects([...defaultGatewayObjects(), ...objects]), []);
});

const secret = (data: string, namespace = 'istio-system'): string => `
kind: Secret
metadata: { name: cert, namespace: ${namespace} }
${data}
---`;

const useCert = pod + gateway('gw', https('{ mode: SIMPLE, credentialName: cert }'));
const notFound =
  'IST0101 Gateway/default/gw spec.servers[0].tls.credentialName: Referenced credentialName not found: "cert"';
const notUsable =
  'IST0161 Gateway/default/gw spec.servers[0].tls.credentialName: The credential referenced by the Gateway gw in namespace default is invalid, which can cause the traffic not to work as expected.';

const secretCases: readonly Case[] = [
  {
    name: 'where the gateway runs',
    yaml: useCert + secret('stringData: { tls.crt: c, tls.key: k }'),
    found: [],
  },
  {
    name: 'by the old names',
    yaml: useCert + secret('data: { cert: Yw==, key: aw== }'),
    found: [],
  },
  { name: 'none', yaml: useCert, found: [notFound] },
  {
    name: 'where the Gateway is, not the pod',
    yaml: useCert + secret('stringData: { tls.crt: c, tls.key: k }', 'default'),
    found: [notFound],
  },
  { name: 'without key', yaml: useCert + secret('stringData: { tls.crt: c }'), found: [notUsable] },
];
for (const { name, yaml, found } of secretCases)
  test(`secrets of a Gateway: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0101', 'IST0161']), found);
  });

test('the caller looks into certificates, which arrive as text', () => {
  const seen: string[] = [];
  const config = useCert + secret('data: { tls.crt: LS0tLS1CRUdJTi0tLS0t, tls.key: a2V5 }');
  const certificateProblem = (certificate: string, key: string): string => {
    seen.push(certificate, key);
    return 'expired';
  };
  assert.deepEqual(find(config, ['IST0161'], { certificateProblem }), [notUsable]);
  assert.deepEqual(seen, ['-----BEGIN-----', 'key']);
});

const conflict = (name: string, others: string, hosts: string, port = 80): string =>
  `IST0145 Gateway/default/${name} spec.servers[0]: Conflict with gateways ${others} (workload selector istio=ingressgateway, port ${port}, hosts ${hosts}).`;

const conflictCases: readonly Case[] = [
  {
    name: 'same host, port and pods',
    yaml: gateway('a', http(80, "['foo.com', bar.com]")) + gateway('b', http(80, "['*.com']")),
    found: [conflict('a', 'default/b', 'foo.com,bar.com'), conflict('b', 'default/a', '*.com')],
  },
  { name: 'another port', yaml: gateway('a', http(80)) + gateway('b', http(81)), found: [] },
  {
    name: 'another host',
    yaml: gateway('a', http(80, '[a.com]')) + gateway('b', http(80, '[b.com]')),
    found: [],
  },
  {
    name: 'other namespaces',
    yaml: gateway('a', http(80, '[x/*]')) + gateway('b', http(80, '[z/*]')),
    found: [],
  },
  {
    name: 'other pods',
    yaml: gateway('a', http(80)) + gateway('b', http(80), '{ istio: other }'),
    found: [],
  },
  {
    name: 'another address',
    yaml: gateway('a', http(80)) + gateway('b', http(80).replace('hosts', 'bind: 1.2.3.4, hosts')),
    found: [],
  },
];
for (const { name, yaml, found } of conflictCases)
  test(`Gateways that conflict: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0145']), found);
  });

const duplicate = (name: string, other: string): string =>
  `IST0138 Gateway/default/${name} metadata.name: Duplicate certificate in multiple gateways [default/${name} default/${other}] may cause 404s if clients re-use HTTP2 connections.`;

const byName = '{ mode: SIMPLE, credentialName: cert }';
const byFile = '{ mode: SIMPLE, serverCertificate: /c, privateKey: /k }';

const certificateCases: readonly Case[] = [
  {
    name: 'one credential',
    yaml: gateway('a', https(byName, '[a.com]')) + gateway('b', https(byName, '[b.com]')),
    found: [duplicate('a', 'b'), duplicate('b', 'a')],
  },
  {
    name: 'one pair of files',
    yaml: gateway('a', https(byFile, '[a.com]')) + gateway('b', https(byFile, '[b.com]')),
    found: [duplicate('a', 'b'), duplicate('b', 'a')],
  },
  {
    name: 'a credential and files',
    yaml: gateway('a', https(byName, '[a.com]')) + gateway('b', https(byFile, '[b.com]')),
    found: [],
  },
  {
    name: 'other pods',
    yaml: gateway('a', https(byName)) + gateway('b', https(byName), '{ istio: other }'),
    found: [],
  },
];
for (const { name, yaml, found } of certificateCases)
  test(`certificates of several Gateways: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0138']), found);
  });
