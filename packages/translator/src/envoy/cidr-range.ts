import { create } from '@bufbuild/protobuf';
import { isIpAddress } from '@lateen/api';
import {
  type CidrRange,
  CidrRangeSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';

/** `10.0.0.0/8`, or an address alone for exactly it. Undefined when it is neither. */
export const cidrRange = (value: string): CidrRange | undefined => {
  const [address = '', length, ...rest] = value.split('/');
  if (!isIpAddress(address) || rest.length > 0) return undefined;
  const bits = address.includes(':') ? 128 : 32;
  const prefixLen = length === undefined ? bits : Number(length);
  if (!Number.isInteger(prefixLen) || prefixLen < 0 || prefixLen > bits) return undefined;
  return create(CidrRangeSchema, { addressPrefix: address, prefixLen });
};
