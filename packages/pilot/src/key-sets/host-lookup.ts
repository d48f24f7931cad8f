import dns, { type LookupAddress } from 'node:dns';
import { type BlockList, isIP, type LookupFunction } from 'node:net';
import { isBlocked } from './blocked-addresses.ts';

export interface HostLookupOptions {
  /** Addresses that are never connected to. */
  readonly blocked?: BlockList;
  /** Address of a service of the mesh by its name; undefined: the name is none. */
  readonly serviceAddress?: (hostname: string) => string | undefined;
}

/** Whether a URL's host is a blocked address itself; names are looked at when they are resolved. */
export const isBlockedHost = (hostname: string, { blocked }: HostLookupOptions): boolean => {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) !== 0 && isBlocked(blocked, address);
};

/**
 * Resolves a name when a connection is made: services of the mesh as cluster DNS would, others by the
 * system. Addresses are judged here, so that no answer can change between check and use.
 */
export const hostLookup =
  ({ blocked, serviceAddress }: HostLookupOptions): LookupFunction =>
  (hostname, options, callback) => {
    const answer = (error: Error | null, found: readonly LookupAddress[]): void => {
      const allowed = found.filter(({ address }) => !isBlocked(blocked, address));
      const [first] = allowed;
      if (error !== null || first === undefined) {
        const refusal = new Error(`${hostname} is blocked by BLOCKED_CIDRS_IN_JWKS_URIS`);
        callback(error ?? refusal, '', 0);
      } else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    };
    const service = serviceAddress?.(hostname);
    if (service !== undefined) answer(null, [{ address: service, family: 4 }]);
    else
      dns.lookup(hostname, { ...options, all: true }, (error, found) => answer(error, found ?? []));
  };
