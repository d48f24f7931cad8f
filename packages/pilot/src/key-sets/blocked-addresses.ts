import dns from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
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

const isBlocked = (blocked: BlockList, address: string): boolean =>
  blocked.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Whether a URL's host is a blocked address itself; names are looked at when they are resolved. */
export const isBlockedHost = (blocked: BlockList, hostname: string): boolean => {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) !== 0 && isBlocked(blocked, address);
};

/** Resolves names at the moment of connecting, so that no answer can change between check and use. */
export const guardedLookup =
  (blocked: BlockList): LookupFunction =>
  (hostname, options, callback) => {
    dns.lookup(hostname, { ...options, all: true }, (error, found) => {
      const allowed = found?.filter(({ address }) => !isBlocked(blocked, address)) ?? [];
      const [first] = allowed;
      if (error !== null || first === undefined) {
        const refusal = new Error(`${hostname} is blocked by BLOCKED_CIDRS_IN_JWKS_URIS`);
        callback(error ?? refusal, '', 0);
      } else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
