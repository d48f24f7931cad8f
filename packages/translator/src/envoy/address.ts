import { create } from '@bufbuild/protobuf';
import { type Address, AddressSchema } from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';

/** A TCP address. */
export const socketAddress = (address: string, port: number): Address =>
  create(AddressSchema, {
    address: {
      case: 'socketAddress',
      value: { address, portSpecifier: { case: 'portValue', value: port } },
    },
  });

/** `unix:///path` becomes a pipe, anything else a TCP address. */
export const endpointAddress = (address: string, port: number): Address =>
  address.startsWith('unix://')
    ? create(AddressSchema, {
        address: { case: 'pipe', value: { path: address.slice('unix://'.length) } },
      })
    : socketAddress(address, port);

/** Numeric addresses need no resolver; everything else is a DNS name. */
export const isIpAddress = (address: string): boolean =>
  /^\d{1,3}(?:\.\d{1,3}){3}$/.test(address) ||
  (address.includes(':') && /^[0-9a-fA-F:.]+$/.test(address));
