import type { CidrRange } from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';
import type { Findings } from './findings.ts';
import { inRange, parseIp, parseRange } from './ip-address.ts';

/** A compiled `envoy.config.core.v3.CidrRange`. */
export interface AddressMatch {
  /** For people: `10.0.0.0/8`. */
  readonly text: string;
  /** False for what is no IP address. */
  matches(address: string): boolean;
}

const dot = 46;
const zero = 48;
const nine = 57;

/**
 * An IPv4 address as an unsigned number without allocating; -1 when the text is none.
 */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one pass over the characters, on the hot path
export const ipv4Number = (text: string): number => {
  let value = 0;
  let part = 0;
  let digits = 0;
  let parts = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === dot) {
      if (digits === 0 || parts === 4) return -1;
      value = value * 256 + part;
      part = 0;
      digits = 0;
      parts++;
    } else {
      if (code < zero || code > nine || digits === 3) return -1;
      part = part * 10 + code - zero;
      digits++;
      if (part > 255) return -1;
    }
  }
  return parts === 4 && digits > 0 ? value * 256 + part : -1;
};

/** Compiles a range; one that is no range matches nothing and is an error at `path`. */
export const compileAddressMatch = (
  message: CidrRange,
  findings: Findings,
  path: string,
): AddressMatch => {
  const range = parseRange(message, findings, path);
  if (range === undefined) return { text: 'nothing', matches: () => false };
  const text = `${message.addressPrefix}/${range.prefixLength}`;
  if (range.bits === 128) return { text, matches: (address) => inRange(parseIp(address), range) };
  const size = 2 ** (32 - range.prefixLength);
  const block = Math.floor(Number(range.value) / size);
  return {
    text,
    matches: (address) => {
      const number = ipv4Number(address);
      if (number >= 0) return Math.floor(number / size) === block;
      // IPv4 written as IPv6 (::ffff:10.0.0.1).
      return address.includes(':') && inRange(parseIp(address), range);
    },
  };
};
