import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Case, find } from '../testing/find.ts';

const pod = (name: string, rest = ''): string => `
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec: { containers: [{ name: app, image: x }${rest}] }
---`;

const sidecar = (name: string, spec: string): string => `
kind: Sidecar
metadata: { name: ${name} }
spec: ${spec}
---`;

const selecting = '{ workloadSelector: { labels: { app: web } }, egress: [{ hosts: ["./*"] }] }';
const everywhere = '{ egress: [{ hosts: ["./*"] }] }';

const sidecarCases: readonly Case[] = [
  {
    name: 'one of each kind',
    yaml: pod('web') + sidecar('a', selecting) + sidecar('b', everywhere),
    found: [],
  },
  {
    name: 'for no pod',
    yaml: sidecar('a', selecting),
    found: [
      'IST0101 Sidecar/default/a spec.workloadSelector.labels[app]: Referenced selector not found: "app=web"',
    ],
  },
  {
    name: 'two for a pod',
    yaml: pod('web') + sidecar('a', selecting) + sidecar('b', selecting),
    found: ['a', 'b'].map(
      (name) =>
        `IST0110 Sidecar/default/${name} metadata.name: The Sidecars [a b] in namespace "default" select the same workload pod "web", which can lead to undefined behavior.`,
    ),
  },
  {
    name: 'two for all pods',
    yaml: sidecar('a', everywhere) + sidecar('b', everywhere),
    found: ['a', 'b'].map(
      (name) =>
        `IST0111 Sidecar/default/${name} metadata.name: The Sidecars [a b] in namespace "default" have no workload selector, which can lead to undefined behavior.`,
    ),
  },
];
for (const { name, yaml, found } of sidecarCases)
  test(`Sidecars: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0101', 'IST0110', 'IST0111']), found);
  });

const namespace = (name: string, labels: string): string => `
kind: Namespace
metadata: { name: ${name}, labels: ${labels} }
---`;

const injectionCases: readonly Case[] = [
  {
    name: 'a namespace that does not say',
    yaml: namespace('default', '{}') + pod('web'),
    found: [
      "IST0102 Namespace/default metadata.name: The namespace is not enabled for Istio injection. Run 'kubectl label namespace default istio-injection=enabled' to enable it, or 'kubectl label namespace default istio-injection=disabled' to explicitly mark it as not needing injection.",
    ],
  },
  {
    name: 'one that says no',
    yaml: namespace('default', '{ istio-injection: disabled }') + pod('web'),
    found: [],
  },
  {
    name: 'those of the system',
    yaml: namespace('kube-system', '{}') + namespace('istio-system', '{}'),
    found: [],
  },
  {
    name: 'one that says it twice',
    yaml: namespace('default', '{ istio-injection: enabled, istio.io/rev: canary }'),
    found: [
      'IST0123 Namespace/default metadata.labels: The namespace has more than one type of injection labels [istio-injection istio.io/rev], which may lead to undefined behavior. Make sure only one injection label exists.',
    ],
  },
  {
    name: 'a pod without proxy',
    yaml:
      namespace('default', '{ istio-injection: enabled }') +
      pod('web') +
      pod('good', ', { name: istio-proxy, image: x }'),
    found: [
      'IST0103 Pod/default/web metadata.name: The pod default/web is missing the Istio proxy. This can often be resolved by restarting or redeploying the workload.',
    ],
  },
  {
    name: 'a pod that wants none',
    yaml:
      namespace('default', '{ istio-injection: enabled }') +
      pod('web').replace('{ app: web }', '{ sidecar.istio.io/inject: "false" }'),
    found: [],
  },
];
for (const { name, yaml, found } of injectionCases)
  test(`injection: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0102', 'IST0103', 'IST0123']), found);
  });

const service = (name: string, ports: string, more = ''): string => `
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: web }, ports: [${ports}]${more} }
---`;

const portNameCases: readonly Case[] = [
  {
    name: 'by name, by appProtocol, by well-known number, UDP',
    yaml: service(
      'a',
      '{ name: http-x, port: 1 }, { name: x, appProtocol: http, port: 2 }, { name: db, port: 3306 }, { name: q, port: 4, protocol: UDP }',
    ),
    found: [],
  },
  {
    name: 'without protocol',
    yaml: service('a', '{ name: web, port: 80, targetPort: 8080 }'),
    found: [
      "IST0118 Service/default/a spec.ports[0].name: Port name web (port: 80, targetPort: 8080) doesn't follow the naming convention of Istio port.",
    ],
  },
  {
    name: 'without name or target',
    yaml: service('a', '{ port: 80 }'),
    found: [
      "IST0118 Service/default/a spec.ports[0].port: Port name  (port: 80, targetPort: 0) doesn't follow the naming convention of Istio port.",
    ],
  },
  {
    name: 'of an external name',
    yaml: service('a', '{ name: tcp, port: 80 }', ', type: ExternalName, externalName: x.com'),
    found: [
      'IST0150 Service/default/a spec.ports[0].name: Port name for ExternalName service is invalid. Proxy may prevent tcp named ports and unmatched traffic for ports serving TCP protocol from being forwarded correctly',
    ],
  },
];
for (const { name, yaml, found } of portNameCases)
  test(`port names: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0118', 'IST0150']), found);
  });

const deployment = `
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web, sidecar.istio.io/inject: "true" } }, spec: { containers: [{ name: web, image: x }] } }
---`;

const deploymentCases: readonly Case[] = [
  {
    name: 'two protocols for one port',
    yaml:
      deployment +
      service('a', '{ name: http, port: 80 }') +
      service('b', '{ name: dns, port: 80, protocol: UDP }'),
    found: [
      'IST0116 Deployment/default/web metadata.name: This deployment web is associated with multiple services using port 80 but different protocols: [default/a default/b]',
    ],
  },
  {
    name: 'two ports for one target',
    yaml:
      deployment +
      service('a', '{ name: http, port: 90, targetPort: 8080 }') +
      service('b', '{ name: http, port: 80, targetPort: 8080 }'),
    found: [
      'IST0137 Deployment/default/web metadata.name: This deployment web is associated with multiple services [default/a default/b] using targetPort "8080" but different ports: [80 90].',
    ],
  },
  {
    name: 'outside the mesh',
    yaml:
      deployment.replace('"true"', '"false"') +
      service('a', '{ name: http, port: 80 }') +
      service('b', '{ name: dns, port: 80, protocol: UDP }'),
    found: [],
  },
];
for (const { name, yaml, found } of deploymentCases)
  test(`services of a Deployment: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0116', 'IST0137']), found);
  });

const policy = (namespaceName: string, spec: string): string => `
kind: AuthorizationPolicy
metadata: { name: p, namespace: ${namespaceName} }
spec: ${spec}
---`;

const meshed = pod('web', ', { name: istio-proxy, image: x }');

const policyCases: readonly Case[] = [
  {
    name: 'for a pod',
    yaml: meshed + policy('default', '{ selector: { matchLabels: { app: web } } }'),
    found: [],
  },
  { name: 'for the whole mesh', yaml: policy('istio-system', '{}'), found: [] },
  {
    name: 'for none',
    yaml: meshed + policy('default', '{ selector: { matchLabels: { app: x, v: "1" } } }'),
    found: [
      'IST0127 AuthorizationPolicy/default/p spec.selector: No matching workloads for this resource with the following labels: app=x,v=1',
    ],
  },
  {
    name: 'for a pod outside the mesh',
    yaml: pod('web') + policy('default', '{}'),
    found: [
      'IST0127 AuthorizationPolicy/default/p metadata.name: No matching workloads for this resource with the following labels: ',
    ],
  },
  {
    name: 'from a namespace that is not there',
    yaml:
      meshed +
      namespace('prod', '{ istio-injection: disabled }') +
      policy('default', '{ rules: [{ from: [{ source: { namespaces: [prod, "pr*", gone] } }] }] }'),
    found: [
      'IST0101 AuthorizationPolicy/default/p spec.rules[0].from[0].source.namespaces[2]: Referenced namespace not found: "gone"',
    ],
  },
  {
    name: 'by labels for a Kubernetes Gateway',
    yaml:
      meshed.replace('app: web', 'app: web, gateway.networking.k8s.io/gateway-name: kgw') +
      policy('default', '{ selector: { matchLabels: { app: web } } }'),
    found: [
      'IST0166 AuthorizationPolicy/default/p spec.selector: Ineffective selector on Kubernetes Gateway kgw. Use the TargetRef field instead.',
    ],
  },
];
for (const { name, yaml, found } of policyCases)
  test(`policies: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0101', 'IST0127', 'IST0166']), found);
  });

const annotated = (kind: string, annotation: string): string => `
kind: ${kind}
metadata: { name: x, annotations: { ${annotation} } }
spec: { containers: [{ name: a, image: x }] }
---`;

const annotationCases: readonly Case[] = [
  {
    name: 'known and in place',
    yaml: annotated('Pod', 'proxy.istio.io/config: x, other.io/y: z'),
    found: [],
  },
  {
    name: 'unknown',
    yaml: annotated('Pod', 'sidecar.istio.io/injekt: x'),
    found: [
      'IST0108 Pod/default/x metadata.annotations[sidecar.istio.io/injekt]: Unknown annotation: sidecar.istio.io/injekt',
    ],
  },
  {
    name: 'on the wrong kind',
    yaml: `
kind: Service
metadata: { name: x, annotations: { sidecar.istio.io/interceptionMode: NONE } }
spec: { ports: [{ name: http, port: 80 }] }`,
    found: [
      'IST0107 Service/default/x metadata.annotations[sidecar.istio.io/interceptionMode]: Misplaced annotation: sidecar.istio.io/interceptionMode can only be applied to Pod',
    ],
  },
  {
    name: 'deprecated',
    yaml: annotated('Pod', 'sidecar.istio.io/inject: "true"'),
    found: [
      'IST0135 Pod/default/x metadata.annotations[sidecar.istio.io/inject]: Annotation "sidecar.istio.io/inject" has been deprecated in favor of the "sidecar.istio.io/inject" label and may not work in future Istio versions.',
    ],
  },
];
for (const { name, yaml, found } of annotationCases)
  test(`annotations: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0107', 'IST0108', 'IST0135']), found);
  });
