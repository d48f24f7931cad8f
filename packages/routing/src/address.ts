import {
  type Address as AddressMessage,
  SocketAddress_Protocol,
} from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';
import type { Findings } from './findings.ts';

/** Where something listens or can be reached: `envoy.config.core.v3.Address` as plain data. */
export type Address =
  | { readonly kind: 'socket'; readonly host: string; readonly port: number }
  /** Unix domain socket. */
  | { readonly kind: 'pipe'; readonly path: string }
  /** A listener of the same proxy (`envoy_internal_address`). */
  | { readonly kind: 'internal'; readonly listener: string; readonly endpointId: string };

/** Largest TCP port. */
const maxPort = 65_535;

type SocketMessage = Extract<AddressMessage['address'], { case: 'socketAddress' }>['value'];

const compileSocket = (socket: SocketMessage, findings: Findings, path: string): Address => {
  const { case: kind, value } = socket.portSpecifier;
  const port = kind === 'portValue' ? value : 0;
  if (port > maxPort) findings.error(`${path}.port_value`, 'FieldInvalid', `above ${maxPort}`);
  if (kind === 'namedPort') {
    findings.error(`${path}.named_port`, 'FieldUnsupported', 'named ports need a resolver');
  }
  if (socket.protocol === SocketAddress_Protocol.UDP) {
    findings.error(`${path}.protocol`, 'FieldUnsupported', 'UDP is not proxied');
  }
  return { kind: 'socket', host: socket.address, port };
};

/** Compiles an address; an absent one is an error at `path`. */
export const compileAddress = (
  message: AddressMessage | undefined,
  findings: Findings,
  path: string,
): Address | undefined => {
  const address = message?.address;
  switch (address?.case) {
    case 'socketAddress':
      return compileSocket(address.value, findings, `${path}.socket_address`);
    case 'pipe':
      return { kind: 'pipe', path: address.value.path };
    case 'envoyInternalAddress': {
      const { addressNameSpecifier, endpointId } = address.value;
      return { kind: 'internal', listener: addressNameSpecifier.value ?? '', endpointId };
    }
    default:
      findings.error(path, 'FieldRequired', 'an address is required');
      return undefined;
  }
};

/** `host:port` with brackets for IPv6, the path, or the listener's name: an identity in text. */
export const addressKey = (address: Address): string => {
  if (address.kind === 'pipe') return address.path;
  if (address.kind === 'internal') return `internal:${address.listener}/${address.endpointId}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
};
