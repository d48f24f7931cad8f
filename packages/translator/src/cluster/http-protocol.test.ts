import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { HttpProtocolOptionsSchema } from '@lateen/xds/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import { httpProtocolOptions, type UpstreamProtocol } from './http-protocol.ts';

const versionOf = (upstream: Partial<UpstreamProtocol>): string | undefined => {
  const [any] = Object.values(
    httpProtocolOptions({
      protocol: 'HTTP',
      pool: undefined,
      meshUpgrades: false,
      autoSni: false,
      ...upstream,
    }),
  );
  if (any === undefined) return undefined;
  const choice = fromBinary(HttpProtocolOptionsSchema, any.value).upstreamProtocolOptions;
  return choice.case === 'explicitHttpConfig' ? choice.value.protocolConfig.case : choice.case;
};

const pool = (http: object): NonNullable<UpstreamProtocol['pool']> =>
  ({ tcp: undefined, http }) as NonNullable<UpstreamProtocol['pool']>;

test('ports and pools decide the version spoken to a cluster', () => {
  const rows: readonly (readonly [string, Partial<UpstreamProtocol>, string | undefined])[] = [
    ['grpc', { protocol: 'GRPC' }, 'http2ProtocolOptions'],
    ['grpc-web', { protocol: 'GRPC-Web' }, 'http2ProtocolOptions'],
    ['http2', { protocol: 'HTTP2' }, 'http2ProtocolOptions'],
    ['http', { protocol: 'HTTP' }, undefined],
    ['undeclared', { protocol: 'Auto' }, 'useDownstreamProtocolConfig'],
    ['tcp', { protocol: 'TCP' }, undefined],
    ['UPGRADE', { pool: pool({ h2UpgradePolicy: 'UPGRADE' }) }, 'http2ProtocolOptions'],
    ['mesh upgrades', { meshUpgrades: true }, 'http2ProtocolOptions'],
    [
      'DO_NOT_UPGRADE',
      { meshUpgrades: true, pool: pool({ h2UpgradePolicy: 'DO_NOT_UPGRADE' }) },
      undefined,
    ],
    [
      'useClientProtocol',
      { pool: pool({ useClientProtocol: true }) },
      'useDownstreamProtocolConfig',
    ],
  ];
  for (const [name, upstream, expected] of rows) assert.equal(versionOf(upstream), expected, name);
});
