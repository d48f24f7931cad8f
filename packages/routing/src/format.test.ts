import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileFormat, compileJsonFormat } from './format.ts';
import type { FormatContext } from './format-context.ts';
import { parseIp } from './ip-address.ts';
import { ipNetworkText } from './ip-network-text.ts';

fc.configureGlobal({ seed: 20_261_121 });

const requestHeaders: Readonly<Record<string, string>> = {
  ':method': 'GET',
  ':path': '/reviews/0',
  ':authority': 'reviews:9080',
  'user-agent': 'curl/8',
};

/** A finished request; anything not named is absent. */
export const context = (changes: Partial<FormatContext> = {}): FormatContext => ({
  startTimeMs: Date.UTC(2026, 10, 21, 9, 5, 7, 42),
  requestHeader: (name) => requestHeaders[name],
  responseHeader: (name) => (name === 'x-envoy-upstream-service-time' ? '3' : undefined),
  responseTrailer: () => undefined,
  protocol: 'HTTP/1.1',
  responseCode: 200,
  responseFlags: '',
  responseCodeDetails: 'via_upstream',
  connectionTerminationDetails: undefined,
  upstreamTransportFailureReason: undefined,
  downstreamTransportFailureReason: undefined,
  bytesReceived: 0,
  bytesSent: 379,
  durationMs: 4,
  requestDurationMs: undefined,
  responseDurationMs: undefined,
  responseTxDurationMs: undefined,
  upstreamHost: '127.1.0.4:9080',
  upstreamCluster: 'outbound|9080|v1|reviews.default.svc.cluster.local',
  upstreamClusterRaw: 'outbound|9080|v1|reviews.default.svc.cluster.local',
  upstreamLocalAddress: '127.1.0.2:41000',
  upstreamRequestAttemptCount: 1,
  downstreamLocalAddress: '127.1.128.3:9080',
  downstreamRemoteAddress: '127.1.0.2:41002',
  downstreamDirectRemoteAddress: '[::1]:41002',
  requestedServerName: undefined,
  routeName: 'default',
  virtualClusterName: undefined,
  filterChainName: undefined,
  connectionId: 7,
  hostname: undefined,
  downstreamPeerUriSan: undefined,
  downstreamLocalUriSan: undefined,
  downstreamPeerSubject: undefined,
  downstreamTlsVersion: undefined,
  downstreamTlsCipher: undefined,
  dynamicMetadata: (namespace, path) => (namespace === 'a' ? { [path.join('.')]: 1 } : undefined),
  routeMetadata: () => undefined,
  clusterMetadata: () => undefined,
  filterState: () => undefined,
  environment: () => undefined,
  ...changes,
});

const print = (text: string, changes?: Partial<FormatContext>): string =>
  compileFormat(text).value?.(context(changes)) ?? 'invalid';

test('the default access log of Istio', () => {
  const line = print(
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% ' +
      '%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% ' +
      '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
      '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" ' +
      '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% ' +
      '%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% ' +
      '%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n',
  );
  assert.equal(
    line,
    '[2026-11-21T09:05:07.042Z] "GET /reviews/0 HTTP/1.1" 200 - via_upstream - "-" 0 379 4 3 "-" ' +
      '"curl/8" "-" "reviews:9080" "127.1.0.4:9080" ' +
      'outbound|9080|v1|reviews.default.svc.cluster.local 127.1.0.2:41000 127.1.128.3:9080 ' +
      '127.1.0.2:41002 - default\n',
  );
});

test('operators', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['100%%', '100%'],
    ['%%%PROTOCOL%%%', '%HTTP/1.1%'],
    ['%REQ(USER-AGENT):4%', 'curl'],
    ['%REQ(NOPE)%', '-'],
    ['%START_TIME(%Y/%m/%d %H:%M:%S.%3f %z %s)%', '2026/11/21 09:05:07.042 +0000 1795251907'],
    ['%START_TIME(%E3S|%b %e|%q)%', '07.042|Nov 21|%q'],
    ['%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%', '::1'],
    ['%DOWNSTREAM_REMOTE_PORT%', '41002'],
    ['%DYNAMIC_METADATA(a:b:c)%', '{"b.c":1}'],
    ['%METADATA(DYNAMIC:a:b)%', '{"b":1}'],
    ['%METADATA(ROUTE:a:b)%', '-'],
    ['%REQUEST_DURATION%', '-'],
    ['%REQ_WITHOUT_QUERY(X-ORIGINAL?:PATH)%', '/reviews/0'],
    ['%PATH(NQ:ORIG_OR_PATH)% %QUERY_PARAM(a)%', '/reviews/0 -'],
    ['%CEL(request.method + " " + string(response.code))%', 'GET 200'],
    ["%CEL(request.headers['nope'])%", '-'],
    ['%RESPONSE_FLAGS_LONG% %ACCESS_LOG_TYPE%', '- NotSet'],
    ['%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%', '4000'],
    ['%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS_NUMBER%', '- - -'],
    ['%FILTER_STATE(upstream_peer:FIELD:workload)%', '-'],
    ['%EMIT_TIME(%S.%3f)%', '07.046'],
    ['%REQUEST_HEADER(X-ENVOY-ORIGINAL-PATH?:PATH)% %RESPONSE_HEADER(NOPE)%', '/reviews/0 -'],
    ['%COMMON_DURATION(US_CX_BEG:mine)%', '-'],
    ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(16)%', '127.1.0.0/16'],
    ['%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT(64)%', '::/64'],
    ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(64)%', '-'],
    ['%REQUESTED_SERVER_NAME(SNI_FIRST)% %REQUESTED_SERVER_NAME(SNI_ONLY)%', 'reviews:9080 -'],
    ['%REQUESTED_SERVER_NAME(HOST_FIRST:ORIG)%', '-'],
    [
      '%COALESCE({"operators": ["REQUESTED_SERVER_NAME", {"command": "REQ", "param": "USER-AGENT"}]}):4%',
      'curl',
    ],
    ['%COALESCE({"operators": ["ROUTE_NAME"]})%', 'default'],
    ['%TYPED_CEL(response.code)%', '200'],
    ['%UPSTREAM_WIRE_BYTES_SENT% %TLS_JA4_FINGERPRINT%', '0 -'],
    ['%METADATA(LISTENER:a:b)%', '-'],
    ['%DOWNSTREAM_PEER_CERT_V_END(%Y)%', '-'],
    ['', ''],
  ];
  for (const [text, expected] of rows) assert.equal(print(text), expected, text);
});

test('what is no operator is an error that quotes it', () => {
  for (const text of [
    '%NOPE%',
    '%REQ%',
    '%REQ()%',
    '50%',
    '%req(a)%',
    '%PROTOCOL',
    '%METADATA(X:a)%',
    '%COMMON_DURATION(A:B:x)%',
    '%COALESCE({})%',
    '%COALESCE({"operators": ["NOPE"]})%',
    '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(200)%',
    '%REQUESTED_SERVER_NAME(X)%',
    '%QUERY_PARAMS(X)%',
    '%GRPC_STATUS(X)%',
  ]) {
    const { value, diagnostics } = compileFormat(text, { path: 'text_format' });
    assert.equal(value, undefined, text);
    assert.equal(diagnostics[0]?.code, 'FormatInvalid');
    assert.equal(diagnostics[0]?.path, 'text_format');
  }
});

test('JSON keeps types, sorts keys, prints null or leaves out', () => {
  const template = {
    status: '%RESPONSE_CODE%',
    flags: '%RESPONSE_FLAGS%',
    text: 'code %RESPONSE_CODE%',
    nested: { list: ['%PROTOCOL%', 1, true] },
    a: 'plain "quote"',
  };
  assert.equal(
    compileJsonFormat(template).value?.(context()),
    '{"a":"plain \\"quote\\"","flags":null,"nested":{"list":["HTTP/1.1",1,true]},' +
      '"status":200,"text":"code 200"}\n',
  );
  const omitting = compileJsonFormat({ flags: '%RESPONSE_FLAGS%' }, { omitEmpty: true });
  assert.equal(omitting.value?.(context()), '{}\n');
});

test('properties: any text compiles to a format or an error, and literals come back', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { value, diagnostics } = compileFormat(text);
      assert.equal(value === undefined, diagnostics.length > 0);
      const quoted = compileFormat(text.replaceAll('%', '%%')).value;
      assert.equal(quoted?.(context()), text);
    }),
  );
});

test('an expression in a format must be one', () => {
  const { value, diagnostics } = compileFormat('a %CEL(request.)% b', { path: 'text_format' });
  assert.equal(value, undefined);
  assert.equal(diagnostics[0]?.code, 'CelInvalid');
  assert.equal(diagnostics[0]?.path, 'text_format');
});

test('gRPC statuses have names', () => {
  const forms = '%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS(NUMBER)%';
  assert.equal(print(forms, { grpcStatus: '5' }), 'NotFound NOT_FOUND 5');
  assert.equal(print(forms, { grpcStatus: '1' }), 'Canceled CANCELLED 1');
  assert.equal(print(forms, { grpcStatus: '99' }), '99 99 99');
});

test('response flags have long names', () => {
  assert.equal(
    print('%RESPONSE_FLAGS_LONG%', { responseFlags: 'UF,URX' }),
    'UpstreamConnectionFailure,UpstreamRetryLimitExceeded',
  );
});

test('details have no blanks unless they are asked for', () => {
  const details = { responseCodeDetails: 'upstream_reset{remote reset}' };
  assert.equal(print('%RESPONSE_CODE_DETAILS%', details), 'upstream_reset{remote_reset}');
  assert.equal(
    print('%RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)%', details),
    'upstream_reset{remote reset}',
  );
});

test('in JSON what has structure keeps it, where it is all of a value', () => {
  const template = {
    claims: '%DYNAMIC_METADATA(a:b)%',
    number: '%METADATA(DYNAMIC:a:b)%',
    isLate: '%TYPED_CEL(response.code >= 500)%',
    text: '%CEL(response.code >= 500)%',
    joined: 'x %DYNAMIC_METADATA(a:b)%',
    none: '%METADATA(ROUTE:a:b)%',
  };
  const line = compileJsonFormat(template).value?.(
    context({ dynamicMetadata: () => ({ groups: ['a', 1, true] }) }),
  );
  assert.deepEqual(JSON.parse(line ?? ''), {
    claims: { groups: ['a', 1, true] },
    number: { groups: ['a', 1, true] },
    isLate: false,
    text: 'false',
    joined: 'x {"groups":["a",1,true]}',
    none: null,
  });
});

test('lines are bytes: text of people becomes UTF-8, values of headers stay as they came', () => {
  const seen = {
    requestHeader: () => 'caf\xc3\xa9',
    dynamicMetadata: () => 'Zoë 中',
    environment: () => 'ü',
  };
  const line = print(
    '%REQ(A)% %CEL(request.headers["a"] == "café")% %CEL(request.headers["a"])% ' +
      '%DYNAMIC_METADATA(a)% %ENVIRONMENT(A)%',
    seen,
  );
  const utf8 = (text: string): string => unescape(encodeURIComponent(text));
  assert.equal(line, `${utf8('café')} true ${utf8('café')} ${utf8('Zoë 中')} ${utf8('ü')}`);
  const json = compileJsonFormat({ name: '%DYNAMIC_METADATA(a)%' }).value;
  assert.equal(json?.(context(seen)), utf8('{"name":"Zoë 中"}\n'));
});

test('networks of addresses as text', () => {
  const rows = [
    ['10.1.10.23', 16, '10.1.0.0/16'],
    ['10.1.10.23', 32, '10.1.10.23/32'],
    ['10.1.10.23', 0, '0.0.0.0/0'],
    ['2001:db8:1234:5678:9abc:def0:1234:5678', 64, '2001:db8:1234:5678::/64'],
    ['2001:0:0:1:0:0:0:1', 128, '2001:0:0:1::1/128'],
    ['1:2:3:4:5:6:7:8', 128, '1:2:3:4:5:6:7:8/128'],
    ['::', 128, '::/128'],
    ['10.1.10.23', 33, undefined],
  ] as const;
  for (const [address, bits, expected] of rows) {
    const parsed = parseIp(address);
    assert.equal(parsed && ipNetworkText(parsed, bits), expected, address);
  }
});

test('the time follows the clock, millisecond by millisecond', () => {
  const format = compileFormat('%START_TIME% %START_TIME(%S.%3f)%').value;
  const at = (startTimeMs: number): string => format?.(context({ startTimeMs })) ?? '';
  assert.equal(at(0), '1970-01-01T00:00:00.000Z 00.000');
  assert.equal(at(0.7), '1970-01-01T00:00:00.000Z 00.000');
  assert.equal(at(1), '1970-01-01T00:00:00.001Z 00.001');
  assert.equal(at(59_999), '1970-01-01T00:00:59.999Z 59.999');
});
