import type { OutboundClient } from '../push-context/outbound-client.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { type MeshService, type ServicePort, serviceKey } from '../registry/mesh-service.ts';
import { namespaceMutualTls } from '../security/peer-authentication-index.ts';
import type { AutomaticTls } from './transport.ts';

/** Every endpoint of a port takes mTLS, and there is one. */
const allTakeMutualTls = (push: PushContext, service: MeshService, port: ServicePort): boolean => {
  const endpoints = (push.endpoints.get(serviceKey(service)) ?? []).filter(
    ({ servicePortName }) => servicePortName === port.name,
  );
  return endpoints.length > 0 && endpoints.every(({ mutualTls }) => mutualTls);
};

/**
 * Whether mTLS is used towards a service without being asked for: not outside the mesh, not by a
 * proxy without a certificate, not where mesh or namespace turned it off. Where connections go to
 * their original destination no endpoint tells what it takes, so all of them must take mTLS.
 */
export const automaticTls = (
  push: PushContext,
  { holdsCertificate }: OutboundClient,
  service: MeshService,
  target: { readonly port: ServicePort; readonly originalDestination: boolean },
): AutomaticTls => {
  const possible =
    push.meshConfig.enableAutoMtls &&
    holdsCertificate &&
    !service.meshExternal &&
    namespaceMutualTls(push.peerAuthentications, service.namespace) !== 'DISABLE';
  if (!possible) return 'none';
  if (!target.originalDestination) return 'by-endpoint';
  return allTakeMutualTls(push, service, target.port) ? 'always' : 'none';
};
