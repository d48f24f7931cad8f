import { BlockList, isIP } from 'node:net';
import { PilotError } from '../pilot-error.ts';

/**
 * istiod's BLOCKED_CIDRS_IN_JWKS_URIS: addresses that a policy's author must not make the control
 * plane talk to, as CIDR ranges with commas between. Undefined: none. Throws `bad-option`.
 */
export const readBlockedAddresses = (text: string | undefined): BlockList | undefined => {
  const ranges = (text ?? '')
    .split(',')
    .map((range) => range.trim())
    .filter((range) => range !== '');
  if (ranges.length === 0) return undefined;
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix = '', more] = range.split('/');
    const version = isIP(address);
    const isRange = version !== 0 && /^\d{1,3}$/.test(prefix) && more === undefined;
    if (!isRange || Number(prefix) > (version === 6 ? 128 : 32))
      throw new PilotError('bad-option', `BLOCKED_CIDRS_IN_JWKS_URIS: "${range}" is no CIDR range`);
    list.addSubnet(address, Number(prefix), version === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
};

/** Whether an IP address is in the list, if there is one. */
export const isBlocked = (blocked: BlockList | undefined, address: string): boolean =>
  blocked?.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') ?? false;
