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
