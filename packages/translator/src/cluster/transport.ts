import { create } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import type { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import {
  type TransportSocket,
  TransportSocketSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import { ProxyProtocolConfig_Version } from '@lateen/xds/gen/envoy/config/core/v3/proxy_protocol_pb.js';
import { ProxyProtocolUpstreamTransportSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js';
import { RawBufferSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js';
import type { MessageFields } from '../envoy/message-init.ts';
import type { EffectivePolicy } from './effective-policy.ts';
import { meshTlsSocket, originatedTlsSocket, type UpstreamTlsTarget } from './upstream-tls.ts';

type Fields = Pick<
  MessageFields<typeof ClusterSchema>,
  'transportSocket' | 'transportSocketMatches'
>;

/** What is done where no rule says anything: see `automaticMutualTls`. */
export type AutomaticTls = 'none' | 'by-endpoint' | 'always';

const rawBuffer = (): TransportSocket =>
  create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.raw_buffer',
    configType: {
      case: 'typedConfig',
      value: packAny(RawBufferSchema, create(RawBufferSchema)),
    },
  });

const withProxyProtocol = (
  inner: TransportSocket,
  version: 'V1' | 'V2' | undefined,
): TransportSocket =>
  create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.upstream_proxy_protocol',
    configType: {
      case: 'typedConfig',
      value: packAny(
        ProxyProtocolUpstreamTransportSchema,
        create(ProxyProtocolUpstreamTransportSchema, {
          config: {
            version:
              version === 'V2' ? ProxyProtocolConfig_Version.V2 : ProxyProtocolConfig_Version.V1,
          },
          transportSocket: inner,
        }),
      ),
    },
  });

/** The rule's word; undefined is plaintext. */
const explicitSocket = (
  { tls }: EffectivePolicy,
  target: UpstreamTlsTarget,
): TransportSocket | undefined => {
  switch (tls?.mode) {
    case 'SIMPLE':
    case 'MUTUAL':
      return originatedTlsSocket(tls, target);
    case 'ISTIO_MUTUAL':
      return meshTlsSocket(target, tls);
    default:
      return undefined;
  }
};

/** How connections to the cluster are secured: by the rule, else automatically, else not at all. */
export const transportFields = (
  policy: EffectivePolicy,
  automatic: AutomaticTls,
  target: UpstreamTlsTarget,
): Fields => {
  const { proxyProtocol } = policy;
  const wrap = (socket: TransportSocket): TransportSocket =>
    proxyProtocol === undefined ? socket : withProxyProtocol(socket, proxyProtocol.version);
  if (policy.tls === undefined && automatic === 'by-endpoint') {
    // Endpoints whose metadata says `tlsMode: istio` get mTLS, all others plaintext.
    return {
      transportSocketMatches: [
        {
          name: 'tlsMode-istio',
          match: { tlsMode: 'istio' },
          transportSocket: wrap(meshTlsSocket(target, undefined)),
        },
        { name: 'tlsMode-disabled', match: {}, transportSocket: wrap(rawBuffer()) },
      ],
    };
  }
  const socket =
    policy.tls === undefined && automatic === 'always'
      ? meshTlsSocket(target, undefined)
      : explicitSocket(policy, target);
  if (socket !== undefined) return { transportSocket: wrap(socket) };
  return proxyProtocol === undefined ? {} : { transportSocket: wrap(rawBuffer()) };
};
