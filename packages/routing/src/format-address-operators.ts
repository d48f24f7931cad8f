import type { FormatContext, Operator, OperatorValue } from './format-context.ts';
import type { OperatorCompiler } from './format-operator.ts';
import { parseIp } from './ip-address.ts';
import { ipNetworkText } from './ip-network-text.ts';

type AddressReader = (context: FormatContext) => string | undefined;

const withoutPort = (address: string | undefined): string | undefined => {
  if (address === undefined) return undefined;
  const colon = address.lastIndexOf(':');
  const host = colon < 0 ? address : address.slice(0, colon);
  return host.startsWith('[') ? host.slice(1, -1) : host;
};

const portOnly = (address: string | undefined): OperatorValue => {
  const port = address === undefined ? '' : address.slice(address.lastIndexOf(':') + 1);
  return /^[0-9]+$/.test(port) ? Number(port) : undefined;
};

/** Addresses, with the names of their ports. */
const addresses: Readonly<Record<string, readonly [port: string, read: AddressReader]>> = {
  UPSTREAM_REMOTE_ADDRESS: ['UPSTREAM_REMOTE_PORT', (c) => c.upstreamHost],
  UPSTREAM_LOCAL_ADDRESS: ['UPSTREAM_LOCAL_PORT', (c) => c.upstreamLocalAddress],
  DOWNSTREAM_LOCAL_ADDRESS: ['DOWNSTREAM_LOCAL_PORT', (c) => c.downstreamLocalAddress],
  DOWNSTREAM_REMOTE_ADDRESS: ['DOWNSTREAM_REMOTE_PORT', (c) => c.downstreamRemoteAddress],
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: [
    'DOWNSTREAM_DIRECT_REMOTE_PORT',
    (c) => c.downstreamDirectRemoteAddress,
  ],
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS: [
    'DOWNSTREAM_DIRECT_LOCAL_PORT',
    (c) => c.downstreamLocalAddress,
  ],
};

/** Addresses and their parts. */
export const addressOperators: Readonly<Record<string, Operator>> = Object.fromEntries(
  Object.entries(addresses).flatMap(([name, [port, read]]): (readonly [string, Operator])[] => [
    [name, read],
    [`${name}_WITHOUT_PORT`, (c) => withoutPort(read(c))],
    [port, (c) => portOnly(read(c))],
  ]),
);

const masked = (read: AddressReader, bits: number): Operator => {
  return (c) => {
    const address = parseIp(withoutPort(read(c)) ?? '');
    return address && ipNetworkText(address, bits);
  };
};

/** `…_WITHOUT_PORT(MASK_PREFIX_LEN)`: the network an address is in. */
export const networkOperators: Readonly<Record<string, OperatorCompiler>> = Object.fromEntries(
  Object.entries(addresses).map(([name, [, read]]): readonly [string, OperatorCompiler] => [
    `${name}_WITHOUT_PORT`,
    (bits) => {
      if (bits === '') return addressOperators[`${name}_WITHOUT_PORT`];
      const count = Number(bits);
      return /^[0-9]{1,3}$/.test(bits) && count <= 128 ? masked(read, count) : undefined;
    },
  ]),
);
