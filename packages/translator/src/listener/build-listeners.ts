import { createResource, type Resource, typeUrls } from '@lateen/xds';
import {
  type Listener,
  ListenerSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { gatewayListeners } from './gateway-listener.ts';
import { httpProxyListener } from './http-proxy.ts';
import { inboundListeners } from './sidecar-inbound.ts';
import { outboundListeners } from './sidecar-outbound.ts';

const sidecarListeners = (push: PushContext, proxy: ProxyDescriptor): readonly Listener[] => [
  ...outboundListeners(push, proxy),
  ...httpProxyListener(push, proxy),
  ...inboundListeners(push, proxy),
];

/** All listeners of a proxy: by its Gateways, or by the services it calls and serves. */
export const buildListeners = (
  push: PushContext,
  proxy: ProxyDescriptor,
): readonly Resource<Listener>[] => {
  const listeners =
    proxy.type === 'router' ? gatewayListeners(push, proxy) : sidecarListeners(push, proxy);
  return listeners.map((listener) =>
    createResource(typeUrls.listener, listener.name, ListenerSchema, listener),
  );
};
