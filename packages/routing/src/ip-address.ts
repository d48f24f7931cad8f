import type { CidrRange } from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';
import type { Findings } from './findings.ts';

/** An address as a number, with its width: 32 or 128 bits. */
export interface IpAddress {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** A CIDR range. */
export interface IpRange extends IpAddress {
  readonly prefixLength: number;
}

const parseIpv4 = (text: string): bigint | undefined => {
  const match = /^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$/.exec(text);
  if (match === null) return undefined;
  let value = 0n;
  for (const part of match.slice(1)) {
    if (Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
};

/** Turns a trailing dotted quad into two groups. */
const expandQuad = (text: string): string | undefined => {
  const colon = text.lastIndexOf(':');
  const last = text.slice(colon + 1);
  if (!last.includes('.')) return text;
  const quad = parseIpv4(last);
  if (quad === undefined) return undefined;
  return `${text.slice(0, colon + 1)}${(quad >> 16n).toString(16)}:${(quad & 0xffffn).toString(16)}`;
};

const groupsOf = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));

const parseIpv6 = (address: string): bigint | undefined => {
  const text = expandQuad(address.split('%')[0] ?? '');
  if (text === undefined) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const left = groupsOf(halves[0] ?? '');
  const right = groupsOf(halves[1] ?? '');
  const missing = 8 - left.length - right.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const group of [...left, ...Array<string>(missing).fill('0'), ...right]) {
    if (!/^[0-9A-Fa-f]{1,4}$/.test(group)) return undefined;
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return value;
};

/** ::ffff:0:0/96. */
const mappedPrefix = 0xffffn;

/** Parses an address; IPv4-mapped IPv6 counts as IPv4. Undefined when it is none. */
export const parseIp = (text: string): IpAddress | undefined => {
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value === undefined ? undefined : { bits: 32, value };
  }
  const value = parseIpv6(text);
  if (value === undefined) return undefined;
  const isMapped = value >> 32n === mappedPrefix;
  return isMapped ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value };
};

/** Parses a CIDR range; an absent length is 0, as in Envoy. */
export const parseRange = (
  range: CidrRange,
  findings: Findings,
  path: string,
): IpRange | undefined => {
  const address = parseIp(range.addressPrefix);
  if (address === undefined) {
    findings.error(`${path}.address_prefix`, 'AddressInvalid', `'${range.addressPrefix}' is no IP`);
    return undefined;
  }
  const prefixLength = range.prefixLen ?? 0;
  if (prefixLength > address.bits) {
    findings.error(`${path}.prefix_len`, 'AddressInvalid', `must be at most ${address.bits}`);
    return undefined;
  }
  return { ...address, prefixLength };
};

/** Whether an address lies in a range. */
export const inRange = (address: IpAddress | undefined, range: IpRange): boolean => {
  if (address === undefined || address.bits !== range.bits) return false;
  const shift = BigInt(range.bits - range.prefixLength);
  return address.value >> shift === range.value >> shift;
};

/** 127.0.0.0/8 or ::1. */
export const isLoopback = (address: IpAddress): boolean =>
  address.bits === 32 ? address.value >> 24n === 127n : address.value === 1n;

/** Whether two addresses are the same. */
export const sameAddress = (a: IpAddress, b: IpAddress): boolean =>
  a.bits === b.bits && a.value === b.value;
