import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Case, find } from '../testing/find.ts';

const reviews = `
kind: Service
metadata: { name: reviews }
spec: { selector: { app: reviews }, ports: [{ name: http, port: 9080 }] }
---
kind: Pod
metadata: { name: reviews-1, labels: { app: reviews, version: v1 } }
spec: { nodeName: n1, containers: [{ name: reviews, image: x }] }
---
kind: Node
metadata: { name: n1, labels: { topology.kubernetes.io/region: eu } }
---`;

const rule = (spec: string): string => `
kind: DestinationRule
metadata: { name: r }
spec: ${spec}
---`;

const nothing = (subset: string, index: number): string =>
  `IST0173 DestinationRule/default/r spec.subsets[${index}]: The Subset ${subset} defined in the DestinationRule does not select any pods. Which may lead to 503 UH (NoHealthyUpstream).`;

const entry = `
kind: ServiceEntry
metadata: { name: out }
spec:
  hosts: [api.example.com]
  ports: [{ number: 80, name: http, protocol: HTTP }]
  resolution: STATIC
  endpoints: [{ address: 1.2.3.4, labels: { version: v1 } }]
---`;

const subsetCases: readonly Case[] = [
  {
    name: 'labels that no pod has',
    yaml: `${reviews}${rule('{ host: reviews, subsets: [{ name: v1, labels: { version: v1 } }, { name: v4, labels: { version: v4 } }] }')}`,
    found: [nothing('v4', 1)],
  },
  {
    name: 'labels of the node',
    yaml: `${reviews}${rule('{ host: reviews, subsets: [{ name: eu, labels: { topology.kubernetes.io/region: eu } }, { name: n1, labels: { kubernetes.io/hostname: n1 } }, { name: us, labels: { topology.kubernetes.io/region: us } }] }')}`,
    found: [nothing('us', 2)],
  },
  {
    name: 'endpoints of a ServiceEntry',
    yaml: `${entry}${rule('{ host: api.example.com, subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }] }')}`,
    found: [nothing('v2', 1)],
  },
  {
    name: 'unknown host',
    yaml: `${reviews}${rule('{ host: reveiws, subsets: [{ name: v4, labels: { version: v4 } }] }')}`,
    found: [
      'IST0174 DestinationRule/default/r spec.host: The host reveiws defined in the DestinationRule does not match any services in the mesh.',
    ],
  },
  {
    name: 'a wildcard over services',
    yaml: `${reviews}${rule("{ host: '*.default.svc.cluster.local' }")}`,
    found: [],
  },
];
for (const { name, yaml, found } of subsetCases)
  test(`subsets: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0173', 'IST0174']), found);
  });

const unverified = (code: string, place: string, mode: string, end = ''): string =>
  `${code} DestinationRule/default/r spec.trafficPolicy${place}: DestinationRule default/r in namespace default has TLS mode set to ${mode} but no caCertificates are set to validate server identity for host: x.com${end}`;

const tlsCases: readonly Case[] = [
  {
    name: 'without authority',
    yaml: rule('{ host: x.com, trafficPolicy: { tls: { mode: SIMPLE } } }'),
    found: [unverified('IST0128', '.tls.mode', 'SIMPLE')],
  },
  {
    name: 'at a port',
    yaml: rule(
      '{ host: x.com, trafficPolicy: { portLevelSettings: [{ port: { number: 443 }, tls: { mode: MUTUAL, clientCertificate: /c, privateKey: /k } }] } }',
    ),
    found: [
      unverified('IST0129', '.portLevelSettings[0].tls.mode', 'MUTUAL', ' at port number:443'),
    ],
  },
  {
    name: 'with authority, with a credential, of the mesh',
    yaml: rule(`
  host: x.com
  trafficPolicy:
    tls: { mode: SIMPLE, caCertificates: /ca }
    portLevelSettings:
    - { port: { number: 1 }, tls: { mode: SIMPLE, credentialName: c } }
    - { port: { number: 2 }, tls: { mode: ISTIO_MUTUAL } }`),
    found: [],
  },
];
for (const { name, yaml, found } of tlsCases)
  test(`TLS to servers: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0128', 'IST0129']), found);
  });
