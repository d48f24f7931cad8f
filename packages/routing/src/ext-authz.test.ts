import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DescMessage, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  ExtAuthzPerRouteSchema,
  ExtAuthzSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js';
import { RBACPerRouteSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.js';
import { FilterConfigSchema as AlpnSchema } from '@lateen/xds/gen/istio/envoy/config/filter/http/alpn/v2alpha1/config_pb.js';
import { decodeFilterConfig } from './filter-config-decoding.ts';
import { Findings } from './findings.ts';

const decode = (schema: DescMessage, json: JsonObject) => {
  const findings = new Findings();
  const settings = decodeFilterConfig(anyPack(schema, fromJson(schema, json)), findings, 'filter');
  return { settings, diagnostics: findings.checked(true).diagnostics };
};

test('external authorization over HTTP, as Istio writes a provider', () => {
  const { settings, diagnostics } = decode(ExtAuthzSchema, {
    httpService: {
      serverUri: { uri: 'http://authz.foo.svc:8000/check', cluster: 'c', timeout: '600s' },
      pathPrefix: '/check',
      authorizationRequest: {
        allowedHeaders: { patterns: [{ exact: 'x-ext-authz', ignoreCase: true }] },
        headersToAdd: [{ key: 'X-A', value: 'b' }],
      },
      authorizationResponse: { allowedUpstreamHeaders: { patterns: [{ prefix: 'x-' }] } },
    },
    statusOnError: { code: 'ServiceUnavailable' },
    filterEnabledMetadata: {
      filter: 'envoy.filters.http.rbac',
      path: [{ key: 'istio_ext_authz_shadow_effective_policy_id' }],
      value: { stringMatch: { prefix: 'istio-ext-authz' } },
    },
    withRequestBody: { maxRequestBytes: 10, allowPartialMessage: true },
  });
  assert.deepEqual(diagnostics, []);
  assert.ok(settings.kind === 'ext-authz' && settings.service.kind === 'http');
  const { service } = settings;
  assert.equal(service.authority, 'authz.foo.svc:8000');
  assert.equal(service.timeoutMs, 600_000);
  assert.equal(service.allowedHeaders[0]?.matches('X-Ext-Authz'), true);
  assert.deepEqual(service.headersToAdd, [{ name: 'x-a', value: 'b' }]);
  assert.equal(settings.statusOnError, 503);
  assert.equal(settings.failureModeAllow, false);
  assert.deepEqual(settings.body, { maxBytes: 10, allowPartial: true, asBytes: false });
  assert.equal(settings.enabledMetadata?.matches('istio-ext-authz-ns[a]'), true);
  assert.equal(settings.enabledMetadata?.matches(undefined), false);
});

test('external authorization over gRPC; without a cluster it is refused', () => {
  const grpc = { envoyGrpc: { clusterName: 'c', authority: 'a' }, timeout: '1s' };
  const { settings } = decode(ExtAuthzSchema, { grpcService: grpc, failureModeAllow: true });
  assert.ok(settings.kind === 'ext-authz');
  assert.deepEqual(settings.service, {
    ...{ kind: 'grpc', cluster: 'c', authority: 'a', timeoutMs: 1000, initialMetadata: [] },
  });
  assert.equal(settings.statusOnError, 403);
  assert.equal(decode(ExtAuthzSchema, {}).diagnostics[0]?.path, 'filter.grpc_service.envoy_grpc');
});

test('routes switch filters off or refine them', () => {
  assert.equal(decode(RBACPerRouteSchema, {}).settings.kind, 'disabled');
  const off = decode(ExtAuthzPerRouteSchema, { disabled: true }).settings;
  assert.ok(off.kind === 'ext-authz-route' && off.disabled);
  const more = decode(ExtAuthzPerRouteSchema, {
    checkSettings: { contextExtensions: { a: 'b' } },
  }).settings;
  assert.ok(more.kind === 'ext-authz-route');
  assert.deepEqual(more.contextExtensions, { a: 'b' });
});

test('what mesh clients offer by ALPN for each version of HTTP', () => {
  const { settings } = decode(AlpnSchema, {
    alpnOverride: [
      { upstreamProtocol: 'HTTP11', alpnOverride: ['istio-http/1.1', 'istio', 'http/1.1'] },
    ],
  });
  assert.deepEqual(settings, {
    ...{ kind: 'alpn', http10: undefined, http2: undefined },
    http11: ['istio-http/1.1', 'istio', 'http/1.1'],
  });
});
