import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCertificateAuthority } from '@lateen/identity';
import { systemClock } from '@lateen/kube';
import { rootsInForce } from './foreign-roots.ts';
import { defaultMeshSettings, readMeshConfigText } from './mesh-config-text.ts';

describe('readMeshConfigText', () => {
  it('has defaults for what it does not say and ignores what it does not know', () => {
    const { value, diagnostics } = readMeshConfigText(
      'outboundTrafficPolicy: {mode: REGISTRY_ONLY}\nconnectTimeout: 1m30.5s\nenableTracing: true\n',
    );
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(value, {
      ...defaultMeshSettings,
      outboundTrafficPolicy: 'REGISTRY_ONLY',
      connectTimeoutMs: 90_500,
    });
    assert.deepEqual(readMeshConfigText('').value, defaultMeshSettings);
  });

  it('takes the retries of all routes that have none', () => {
    const text = 'defaultHttpRetryPolicy: {attempts: 5, retryOn: "5xx", perTryTimeout: 1s}';
    const policy = readMeshConfigText(text).value?.defaultHttpRetryPolicy;
    assert.equal(policy?.attempts, 5);
    assert.equal(policy?.retryOn, '5xx');
    assert.equal(policy?.perTryTimeout, 1000);
  });

  it('takes what security needs of it', () => {
    const text = `
trustDomainAliases: [old]
meshMTLS: { minProtocolVersion: TLSV1_3 }
pathNormalization: { normalization: MERGE_SLASHES }
defaultConfig: { discoveryAddress: 'istiod:15012', gatewayTopology: { numTrustedProxies: 2 } }
extensionProviders:
- { name: ask, envoyExtAuthzGrpc: { service: a.example.com, port: 9000 } }
- { name: log, envoyFileAccessLog: { path: /dev/stdout } }
`;
    const value = readMeshConfigText(text).value ?? defaultMeshSettings;
    assert.deepEqual(value.trustDomainAliases, ['old']);
    assert.equal(value.meshMtlsMinProtocolVersion, 'TLSV1_3');
    assert.equal(value.pathNormalization, 'MERGE_SLASHES');
    assert.equal(value.numTrustedProxies, 2);
    assert.deepEqual(
      value.extensionProviders.map((provider) => provider.envoyExtAuthzGrpc?.port),
      [9000, undefined],
    );
  });

  it('takes what telemetry needs of it; kinds of default providers that are not named stay', () => {
    const text = `
enableTracing: false
defaultProviders: { tracing: [spans] }
defaultConfig: { tracing: { sampling: 42.5, zipkin: { address: 'zipkin:9411' } } }
extensionProviders:
- { name: spans, opentelemetry: { service: otel.example.com, port: 4318, http: { path: /v1/traces, timeout: 2s } } }
- { name: json, envoyFileAccessLog: { path: /dev/stderr, logFormat: { labels: { code: '%RESPONSE_CODE%' } } } }
`;
    const value = readMeshConfigText(text).value ?? defaultMeshSettings;
    assert.equal(value.enableTracing, false);
    assert.deepEqual(value.defaultProviders, {
      tracing: ['spans'],
      metrics: ['prometheus'],
      accessLogging: [],
    });
    assert.equal(value.defaultTracing?.sampling, 42.5);
    assert.equal(value.defaultTracing?.zipkin?.address, 'zipkin:9411');
    const [spans, json] = value.extensionProviders;
    assert.equal(spans?.opentelemetry?.http?.timeout, 2000);
    assert.deepEqual(json?.envoyFileAccessLog?.logFormat?.labels, { code: '%RESPONSE_CODE%' });
  });

  it('takes no field that every object has for a setting', () => {
    const { value } = readMeshConfigText('{ constructor: { enableTracing: false }, toString: x }');
    assert.deepEqual(value, defaultMeshSettings);
  });

  const odd: readonly (readonly [string, string])[] = [
    ['{ accessLogEncoding: JSON, accessLogFormat: "%PROTOCOL%" }', 'data.mesh.accessLogFormat'],
    ['defaultProviders: { tracing: [nobody] }', 'data.mesh.defaultProviders.tracing'],
    ['defaultProviders: { metrics: [envoy] }', 'data.mesh.defaultProviders.metrics'],
  ];
  for (const [text, path] of odd)
    it(`takes ${text} and says what has no effect`, () => {
      const { value, diagnostics } = readMeshConfigText(text);
      assert.notEqual(value, undefined);
      assert.deepEqual(
        diagnostics.map((one) => [one.severity, one.path]),
        [['warning', path]],
      );
    });

  it('takes roots of other meshes, those for names that are accepted here', () => {
    const [one = '', other = ''] = ['one', 'other'].map(
      (commonName) => createCertificateAuthority({ commonName }, systemClock).certificate,
    );
    const text = JSON.stringify({
      trustDomainAliases: ['east'],
      caCertificates: [
        { pem: one + other },
        { pem: other, trustDomains: ['west', 'east'] },
        { pem: one, trustDomains: ['west'] },
      ],
    });
    const value = readMeshConfigText(text).value ?? assert.fail();
    assert.deepEqual(rootsInForce(value.foreignRoots, value), [one, other, other]);
    const leaf = createCertificateAuthority({ commonName: 'x' }, systemClock).issue({
      subject: { commonName: 'leaf' },
      lifetimeMs: 60_000,
    });
    for (const entry of [
      { pem: leaf.certificate },
      { pem: '' },
      { spiffeBundleUrl: 'https://x' },
    ]) {
      const { diagnostics } = readMeshConfigText(JSON.stringify({ caCertificates: [entry] }));
      assert.equal(diagnostics[0]?.path, 'data.mesh.caCertificates');
      assert.ok((diagnostics[0]?.message ?? '').length < 250);
    }
  });

  const bad: readonly (readonly [string, string])[] = [
    ['connectTimeout: soon', 'data.mesh.connectTimeout'],
    ['accessLogEncoding: XML', 'data.mesh.accessLogEncoding'],
    ['proxyListenPort: 70000', 'data.mesh.proxyListenPort'],
    ['defaultServiceExportTo: "*"', 'data.mesh.defaultServiceExportTo'],
    ['defaultHttpRetryPolicy: {attempts: many}', 'data.mesh.defaultHttpRetryPolicy'],
    ['pathNormalization: {normalization: SOME}', 'data.mesh.pathNormalization'],
    ['extensionProviders: [{name: 1}]', 'data.mesh.extensionProviders'],
    ['defaultProviders: {tracing: spans}', 'data.mesh.defaultProviders'],
    ['defaultConfig: {tracing: {sampling: much}}', 'data.mesh.defaultConfig'],
    ['defaultConfig: {gatewayTopology: {numTrustedProxies: -1}}', 'data.mesh.defaultConfig'],
    ['- a list', 'data.mesh'],
    ['{', 'data.mesh'],
  ];
  for (const [text, path] of bad)
    it(`refuses ${JSON.stringify(text)} and names the field`, () => {
      const { value, diagnostics } = readMeshConfigText(text);
      assert.equal(value, undefined);
      assert.equal(diagnostics[0]?.path, path);
    });
});
