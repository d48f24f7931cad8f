import type { KubeObject } from '@lateen/api';
import { type MeshModel, meshModel } from '../mesh/mesh-model.ts';

const object = (
  kind: string,
  name: string,
  {
    namespace = 'default',
    ...fields
  }: { readonly namespace?: string; readonly [field: string]: unknown },
): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace, ...(fields['metadata'] as object) },
  ...Object.fromEntries(Object.entries(fields).filter(([key]) => key !== 'metadata')),
});

const ownerOf = (name: string): object => ({
  ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: name, controller: true },
});

const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

/** A pod of a Deployment `app-version`, with its proxy. */
export const samplePod = (app: string, version: string, podIP = '10.0.0.1'): KubeObject =>
  object('Pod', `${app}-${version}-h-1`, {
    metadata: {
      labels: { app, version, 'pod-template-hash': 'h' },
      ownerReferences: [ownerOf(`${app}-${version}-h`)],
    },
    spec: {
      containers: [
        { name: app, image: app },
        { name: 'istio-proxy', image: 'proxyv2' },
      ],
    },
    status: { ...ready, podIP },
  });

/** Service of all pods of an app. */
export const sampleService = (app: string): KubeObject =>
  object('Service', app, {
    spec: { selector: { app }, ports: [{ port: 9080, name: 'http' }], clusterIP: '10.1.0.1' },
  });

/** productpage, details, reviews in three versions, ratings, the ingress gateway, a ServiceEntry. */
export const sampleObjects: readonly KubeObject[] = [
  ...['default', 'istio-system'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: name === 'default' ? { 'istio-injection': 'enabled' } : {} },
  })),
  ...['productpage', 'details', 'ratings'].map((app) => samplePod(app, 'v1')),
  ...['v1', 'v2', 'v3'].map((version) => samplePod('reviews', version)),
  ...['productpage', 'details', 'reviews', 'ratings'].map(sampleService),
  object('Pod', 'istio-ingressgateway-1-x', {
    namespace: 'istio-system',
    metadata: {
      labels: { app: 'istio-ingressgateway', istio: 'ingressgateway', 'pod-template-hash': '1' },
      ownerReferences: [ownerOf('istio-ingressgateway-1')],
    },
    spec: { containers: [{ name: 'istio-proxy', image: 'proxyv2', args: ['proxy', 'router'] }] },
    status: ready,
  }),
  object('ServiceEntry', 'httpbin', {
    spec: { hosts: ['httpbin.org'], ports: [{ number: 80, name: 'http', protocol: 'HTTP' }] },
  }),
  object('VirtualService', 'reviews', {
    spec: {
      hosts: ['reviews'],
      http: [
        {
          timeout: '1s',
          route: [
            { destination: { host: 'reviews', subset: 'v1' }, weight: 50 },
            { destination: { host: 'reviews', subset: 'v2' }, weight: 50 },
          ],
        },
      ],
    },
  }),
];

/** The model of objects. */
export const modelOf = (objects: readonly KubeObject[]): MeshModel => {
  const byKind = Map.groupBy(objects, ({ kind }) => kind);
  return meshModel(
    { list: (kind) => (byKind.get(kind) ?? []) as readonly KubeObject[] as readonly never[] },
    'Kubernetes',
  );
};
