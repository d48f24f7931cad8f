import type { ConnectionView, ListenerTable } from '@lateen/routing';
import type { ProxyDescriptor } from '@lateen/translator';
import type { SimulatedClient } from './client.ts';
import { type AcceptedView, acceptView } from './handshake.ts';
import type { FollowedInput, Hop } from './hop.ts';
import { hopView, type Sender, transportName } from './hop-view.ts';
import type { MeshView } from './mesh-views.ts';
import type { SimulatedRequest } from './request.ts';
import { certificateProblem, identityOf } from './server-certificate.ts';
import type { SimulatedDestination } from './simulation.ts';

/** The request as the destination gets it. */
export const sentRequest = (
  destination: SimulatedDestination,
  { request, client }: FollowedInput,
  { proxy }: Sender,
): SimulatedRequest => {
  const headers = new Map(request.headers);
  for (const { name, value } of destination.requestHeaders) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  // Gateways tell who called them.
  if (proxy.type === 'router') {
    const before = headers.get('x-forwarded-for');
    const address = client?.address;
    if (before === undefined && address !== undefined) headers.set('x-forwarded-for', address);
  }
  const { authority, path } = destination;
  return { ...request, scheme: 'http', authority, path, headers };
};

/** Who a proxy takes the sender to be. */
const clientOf = (
  { client = {} }: FollowedInput,
  { forwardsClaims }: Sender,
  sourceAddress: string,
  principal: string | undefined,
): SimulatedClient => {
  const { claims, verify, nowSeconds } = client;
  return {
    ...(principal !== undefined && { principal }),
    address: sourceAddress,
    ...(claims !== undefined && forwardsClaims && { claims }),
    ...(verify !== undefined && { verify }),
    ...(nowSeconds !== undefined && { nowSeconds }),
  };
};

/** A connection that comes to a proxy of the mesh from another one. */
export interface HopConnection extends AcceptedView {
  readonly seen: ConnectionView;
  readonly client: SimulatedClient;
}

/** Where the connection leads. */
export interface HopEnd {
  readonly view: MeshView;
  readonly proxy: ProxyDescriptor;
  /** Of the endpoint's port; undefined: nothing listens there. */
  readonly listenerAt: (port: number) => ListenerTable | undefined;
}

/** Both sides of a connection to an endpoint shake hands. */
export const connectHop = (hop: Hop, { view, proxy, listenerAt }: HopEnd): HopConnection => {
  const { endpoint, transport, sender, input } = hop;
  const caller = input.views.own;
  const seen = hopView(endpoint.address, transport, sender, input.request.scheme);
  const isMutual = transportName(transport) === 'mutual';
  const principal = isMutual ? identityOf(sender.proxy, caller.push.meshConfig) : undefined;
  const accepted = acceptView(listenerAt(seen.destinationPort), seen, {
    ...{ principal, isInside: true },
  });
  const parties = { caller, receiver: view, identity: identityOf(proxy, view.push.meshConfig) };
  const distrust =
    isMutual && accepted.chain !== undefined ? certificateProblem(transport, parties) : undefined;
  return {
    ...accepted,
    refusal: accepted.refusal ?? distrust,
    seen,
    client: clientOf(input, sender, seen.sourceAddress, principal),
  };
};
