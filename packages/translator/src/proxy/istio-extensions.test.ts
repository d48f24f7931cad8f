import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTypeRegistry, messageToJson } from '@lateen/xds';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { buildClusters } from '../cluster/build-clusters.ts';
import { buildListeners } from '../listener/build-listeners.ts';
import { pushOf, sidecarOf } from '../testing/test-mesh.ts';
import { type IstioExtensions, istioExtensionsOf } from './istio-extensions.ts';

const registry = await loadTypeRegistry();
const rbac = 'envoy.extensions.filters.http.rbac.v3.RBAC';
const push = pushOf(`
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: nobody }
spec: {}
`);

/** All that a sidecar with these extensions gets, as text. */
const configurationOf = (extensions: IstioExtensions): string => {
  const metadata = { LATEEN_SDS: 'true' };
  const proxy = { ...sidecarOf('reviews-v1-abc-1', '127.9.0.3', metadata), extensions };
  return JSON.stringify([
    buildListeners(push, proxy).map(({ message }) =>
      messageToJson(ListenerSchema, message, registry),
    ),
    buildClusters(push, proxy).map(({ message }) =>
      messageToJson(ClusterSchema, message, registry),
    ),
  ]);
};

/** The last one is what TLS offers or agrees to; that clients offer it may always choose a chain. */
const istiosOwn = [
  '"name":"istio.stats"',
  '"name":"istio.alpn"',
  '"name":"istio.metadata_exchange"',
  '"alpn_protocols":["istio-peer-exchange"',
] as const;

const namedIn = (text: string): readonly string[] =>
  istiosOwn.filter((name) => text.includes(name));

test('a proxy that lists no extensions gets all of Istio', () => {
  assert.deepEqual(istioExtensionsOf([]), istioExtensionsOf(undefined));
  assert.deepEqual(namedIn(configurationOf(istioExtensionsOf(undefined))), istiosOwn);
});

test('a stock Envoy gets nothing that only an Istio one has, but every policy', () => {
  const text = configurationOf(istioExtensionsOf([rbac]));
  assert.deepEqual(namedIn(text), []);
  assert.ok(text.includes(rbac));
  // Also one that has no RBAC: it must refuse the listener rather than serve it unguarded.
  assert.equal(configurationOf(istioExtensionsOf(['some.other.Type'])), text);
});

test('without istio.alpn ports that are HTTP say so themselves, which sniffing servers need', () => {
  const alpnOf = (text: string): readonly string[] => [
    ...new Set(
      [...text.matchAll(/"alpn_protocols":(\["istio[^\]]*\])/g)].map(([, list = '']) => list),
    ),
  ];
  assert.ok(
    alpnOf(configurationOf(istioExtensionsOf([rbac]))).includes('["istio-http/1.1","istio"]'),
  );
  assert.ok(
    alpnOf(configurationOf(istioExtensionsOf(undefined))).every(
      (list) => !list.includes('istio-http'),
    ),
  );
});

test('each of the extensions counts alone, by the type it is configured with', () => {
  assert.deepEqual(istioExtensionsOf(['stats.PluginConfig', rbac]), {
    stats: true,
    alpn: false,
    metadataExchange: false,
  });
});
