import type { IpAddress } from './ip-address.ts';

const ipv4Text = (value: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');

/** The longest run of two or more groups of zero becomes `::` (RFC 5952). */
const ipv6Text = (value: bigint): string => {
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((value >> BigInt(112 - at * 16)) & 0xffffn).toString(16),
  );
  const runs = [...groups.join(':').matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)];
  const longest = runs.sort((left, right) => right[0].length - left[0].length)[0];
  const text = groups.join(':');
  if (longest === undefined) return text;
  const before = text.slice(0, longest.index).replace(/:$/, '');
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${before}::${after}`;
};

/** The network of so many bits that an address is in: `10.1.0.0/16`; undefined: addresses are shorter. */
export const ipNetworkText = ({ bits, value }: IpAddress, prefix: number): string | undefined => {
  if (prefix > bits) return undefined;
  const shift = BigInt(bits - prefix);
  const network = (value >> shift) << shift;
  return `${bits === 32 ? ipv4Text(network) : ipv6Text(network)}/${prefix}`;
};
