import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { isHttp2Protocol, isHttpProtocol, type PortProtocol } from '@lateen/api';
import { packAny } from '@lateen/xds';
import { HttpProtocolOptionsSchema } from '@lateen/xds/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import { duration } from '../envoy/duration.ts';
import type { MessageFields } from '../envoy/message-init.ts';
import type { ConnectionPool } from '../input/traffic-policy.ts';
import { isSniffed } from '../registry/protocol.ts';

type Init = MessageFields<typeof HttpProtocolOptionsSchema>;

const optionsKey = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** What decides how HTTP is spoken to a cluster. */
export interface UpstreamProtocol {
  readonly protocol: PortProtocol;
  readonly pool: ConnectionPool | undefined;
  readonly meshUpgrades: boolean;
  /** Take the SNI from the request's host. */
  readonly autoSni: boolean;
  /** Check the certificate against the request's host. Default false. */
  readonly autoSanValidation?: boolean;
}

/** Whether requests go out as HTTP/2 whatever they came in as. */
export const speaksHttp2 = ({ protocol, pool, meshUpgrades }: UpstreamProtocol): boolean => {
  if (isHttp2Protocol(protocol)) return true;
  if (!isHttpProtocol(protocol)) return false;
  const policy = pool?.http?.h2UpgradePolicy ?? 'DEFAULT';
  return policy === 'UPGRADE' || (policy === 'DEFAULT' && meshUpgrades);
};

const versionFields = (upstream: UpstreamProtocol): Init => {
  const http = upstream.pool?.http;
  const http2 = http?.maxConcurrentStreams
    ? { maxConcurrentStreams: http.maxConcurrentStreams }
    : {};
  if (http?.useClientProtocol === true || isSniffed(upstream.protocol)) {
    return {
      upstreamProtocolOptions: {
        case: 'useDownstreamProtocolConfig',
        value: { httpProtocolOptions: {}, http2ProtocolOptions: http2 },
      },
    };
  }
  return {
    upstreamProtocolOptions: {
      case: 'explicitHttpConfig',
      value: {
        protocolConfig: speaksHttp2(upstream)
          ? { case: 'http2ProtocolOptions', value: http2 }
          : { case: 'httpProtocolOptions', value: {} },
      },
    },
  };
};

const commonFields = (pool: ConnectionPool | undefined): Init => {
  const idleTimeoutMs = pool?.http?.idleTimeout ?? pool?.tcp?.idleTimeout;
  const durationMs = pool?.tcp?.maxConnectionDuration;
  const maxRequests = pool?.http?.maxRequestsPerConnection;
  if (idleTimeoutMs === undefined && durationMs === undefined && !maxRequests) return {};
  return {
    commonHttpProtocolOptions: {
      ...(idleTimeoutMs !== undefined && { idleTimeout: duration(idleTimeoutMs) }),
      ...(durationMs !== undefined && { maxConnectionDuration: duration(durationMs) }),
      ...(maxRequests && { maxRequestsPerConnection: maxRequests }),
    },
  };
};

/** `typed_extension_protocol_options` of a cluster. Empty when Envoy's defaults (HTTP/1.1) do. */
export const httpProtocolOptions = (upstream: UpstreamProtocol): Record<string, Any> => {
  const { protocol, pool, autoSni, autoSanValidation = false } = upstream;
  if (!isHttpProtocol(protocol) && !isSniffed(protocol)) return {};
  const common = commonFields(pool);
  const plain =
    protocol === 'HTTP' && !speaksHttp2(upstream) && pool?.http?.useClientProtocol !== true;
  if (plain && Object.keys(common).length === 0 && !autoSni) return {};
  const options = create(HttpProtocolOptionsSchema, {
    ...common,
    ...versionFields(upstream),
    ...(autoSni && { upstreamHttpProtocolOptions: { autoSni: true, autoSanValidation } }),
  });
  return { [optionsKey]: packAny(HttpProtocolOptionsSchema, options) };
};
