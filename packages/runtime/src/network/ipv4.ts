import type { AddressRange } from './network.ts';

/** Dotted quad to number; the caller passes valid addresses only. */
export const ipv4ToNumber = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

export const ipv4FromNumber = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

/** Whether the address lies in the range, ends included. */
export const isInRange = (address: string, { first, last }: AddressRange): boolean => {
  const value = ipv4ToNumber(address);
  return value >= ipv4ToNumber(first) && value <= ipv4ToNumber(last);
};
