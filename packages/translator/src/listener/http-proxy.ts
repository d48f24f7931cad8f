import { create } from '@bufbuild/protobuf';
import { TrafficDirection } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  type Listener,
  ListenerSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { usesDynamicDns } from '../cluster/dynamic-forward-proxy.ts';
import { socketAddress } from '../envoy/address.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { sidecarScope } from '../push-context/sidecar-scope.ts';
import { httpProxyRoute } from '../route/sidecar-route.ts';
import { listenerTelemetry } from '../telemetry/listener-telemetry.ts';
import { httpConnectionManager } from './http-connection-manager.ts';

/**
 * The listener that apps reach by `HTTP_PROXY`: all services' routes in one, told apart by host and
 * port. On the pod's address without interception, else on loopback. Empty when no port is set.
 */
export const httpProxyListener = (
  push: PushContext,
  proxy: ProxyDescriptor,
): readonly Listener[] => {
  const { meshConfig } = push;
  const port = proxy.httpProxyPort || meshConfig.proxyHttpPort;
  if (port === 0) return [];
  const address =
    proxy.interceptionMode === 'NONE' ? (proxy.addresses[0] ?? '127.0.0.1') : '127.0.0.1';
  const name = `${address}_${port}`;
  const telemetry = listenerTelemetry(push, proxy, 'sidecar-outbound');
  return [
    create(ListenerSchema, {
      name,
      address: socketAddress(
        proxy.interceptionMode === 'NONE' ? (proxy.bindAddress ?? address) : address,
        port,
      ),
      trafficDirection: TrafficDirection.OUTBOUND,
      filterChains: [
        {
          filters: [
            httpConnectionManager({
              mesh: meshConfig,
              listenerClass: 'sidecar-outbound',
              telemetry,
              statPrefix: `outbound_${name}`,
              route: httpProxyRoute,
              forwardProxy: true,
              dynamicDns: usesDynamicDns(sidecarScope(push, proxy)),
            }),
          ],
        },
      ],
      accessLog: [...telemetry.accessLogs.listeners],
    }),
  ];
};
