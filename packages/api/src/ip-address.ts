const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
const group = /^[0-9a-fA-F]{1,4}$/;

const groupsOf = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));

/** A dotted quad, decimal, without leading zeros. */
export const isIpv4 = (text: string): boolean => ipv4.test(text);

/** An IPv6 address without zone, brackets or prefix length. */
export const isIpv6 = (text: string): boolean => {
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return false;
  const groups = halves.flatMap(groupsOf);
  const last = groups.at(-1);
  const hasQuad = last !== undefined && isIpv4(last);
  const size = groups.length + (hasQuad ? 1 : 0);
  const hex = hasQuad ? groups.slice(0, -1) : groups;
  if (!hex.every((one) => group.test(one))) return false;
  return halves.length === 2 ? size < 8 : size === 8;
};

/** An IPv4 or IPv6 address. */
export const isIpAddress = (text: string): boolean => isIpv4(text) || isIpv6(text);

/** An address or `address/bits`, as destination subnets and IP blocks are written. */
export const isIpOrCidr = (text: string): boolean => {
  const slash = text.indexOf('/');
  if (slash < 0) return isIpAddress(text);
  const [address, bits] = [text.slice(0, slash), text.slice(slash + 1)];
  if (!/^\d{1,3}$/.test(bits)) return false;
  const limit = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
  return Number(bits) <= limit;
};
