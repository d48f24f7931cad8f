import type { Config } from '../input/config.ts';
import type { ServiceEntry } from '../input/service-entry.ts';

/** Addresses `240.240.x.1` to `240.240.x.254`: Istio's range for hosts that have none. */
const lastOctets = 254;
const slots = 256 * lastOctets;

/** FNV-1a, 32 bit, of UTF-16 units: host names are ASCII. */
const hash = (text: string): number => {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  return value >>> 0;
};

const addressOf = (slot: number): string =>
  `240.240.${Math.floor(slot / lastOctets)}.${(slot % lastOctets) + 1}`;

/** `status.addresses` of a ServiceEntry by host: what a controller has given it already. */
const givenAddresses = (status: unknown): ReadonlyMap<string, readonly string[]> => {
  const list = (status as { readonly addresses?: unknown } | undefined)?.addresses;
  const found = (Array.isArray(list) ? list : []).flatMap((entry: unknown) => {
    const { host, value } = (entry ?? {}) as { readonly host?: unknown; readonly value?: unknown };
    return typeof host === 'string' && typeof value === 'string' ? [{ host, value }] : [];
  });
  const grouped = Map.groupBy(found, ({ host }) => host);
  return new Map([...grouped].map(([host, all]) => [host, all.map(({ value }) => value)]));
};

/** Whether Istio finds addresses for an entry's hosts: it has none, and a name to resolve. */
const wantsAddresses = ({ addresses, resolution }: ServiceEntry): boolean =>
  addresses.length === 0 && (resolution ?? 'NONE') !== 'NONE' && resolution !== 'DYNAMIC_DNS';

/** Automatic addresses by `namespace/entry/host`. */
export type AutoAddresses = ReadonlyMap<string, readonly string[]>;

/** The key of one host of an entry in `AutoAddresses`. */
export const autoAddressKey = (config: Config<unknown>, host: string): string =>
  `${config.namespace}/${config.name}/${host}`;

/** A host that is to have addresses. */
interface Candidate {
  readonly key: string;
  readonly name: string;
  readonly given: readonly string[] | undefined;
}

const candidatesOf = (config: Config<ServiceEntry>): readonly Candidate[] => {
  if (!wantsAddresses(config.spec)) return [];
  const given = givenAddresses(config.status);
  return config.spec.hosts
    .filter((host) => !host.startsWith('*'))
    .map((host) => ({
      key: autoAddressKey(config, host),
      name: `${config.namespace}/${host}`,
      given: given.get(host),
    }));
};

const freeAddress = (name: string, taken: ReadonlySet<string>): string | undefined => {
  const first = hash(name);
  for (let attempt = 0; attempt < slots; attempt++) {
    const address = addressOf((first + attempt) % slots);
    if (!taken.has(address)) return address;
  }
  return undefined;
};

/**
 * Addresses for ServiceEntry hosts without any (`PILOT_ENABLE_IP_AUTOALLOCATE`): those in the status
 * stay; the others come from a hash of namespace and host, so that they are the same in every push
 * and every control plane. Of two hosts that hash alike the first of the list keeps the slot: give
 * entries in order of age. When the range is used up, hosts go without.
 */
export const allocateAddresses = (entries: readonly Config<ServiceEntry>[]): AutoAddresses => {
  const candidates = entries.flatMap(candidatesOf);
  const taken = new Set(candidates.flatMap(({ given }) => given ?? []));
  const byName = new Map<string, readonly string[]>();
  const allocate = (name: string): readonly string[] => {
    const known = byName.get(name);
    if (known !== undefined) return known;
    const address = freeAddress(name, taken);
    const addresses = address === undefined ? [] : [address];
    for (const one of addresses) taken.add(one);
    byName.set(name, addresses);
    return addresses;
  };
  return new Map(candidates.map(({ key, name, given }) => [key, given ?? allocate(name)]));
};
