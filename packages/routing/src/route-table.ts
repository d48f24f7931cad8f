import type { Checked } from '@lateen/base';
import type { RouteConfiguration } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import type { RouteTable, VirtualHostTable } from './decision.ts';
import { decodePerFilterConfig } from './filter-config-decoding.ts';
import { Findings } from './findings.ts';
import { compileHeaderMutations } from './header-mutation.ts';
import { portIndex } from './redirect-action.ts';
import { compileVirtualHost } from './virtual-host.ts';

/** Hosts that share a wildcard of one length, by the text next to the `*`. */
interface WildcardLength {
  readonly length: number;
  readonly hosts: Map<string, VirtualHostTable>;
}

/** Wildcards on one side, longest first. */
class WildcardIndex {
  readonly #byLength = new Map<number, WildcardLength>();
  #longestFirst: readonly WildcardLength[] = [];

  /** False: taken already. */
  add(text: string, host: VirtualHostTable): boolean {
    let entry = this.#byLength.get(text.length);
    if (entry === undefined) {
      entry = { length: text.length, hosts: new Map() };
      this.#byLength.set(text.length, entry);
      this.#longestFirst = [...this.#byLength.values()].sort((a, b) => b.length - a.length);
    }
    if (entry.hosts.has(text)) return false;
    entry.hosts.set(text, host);
    return true;
  }

  /** `part` cuts the candidate text out of the host. The star stands for at least one character. */
  find(host: string, part: (host: string, length: number) => string): VirtualHostTable | undefined {
    for (const { length, hosts } of this.#longestFirst) {
      if (length >= host.length) continue;
      const found = hosts.get(part(host, length));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

const tail = (host: string, length: number): string => host.slice(host.length - length);
const start = (host: string, length: number): string => host.slice(0, length);

/** Exact > longest `*suffix` > longest `prefix*` > `*`. */
class HostIndex {
  readonly #exact = new Map<string, VirtualHostTable>();
  readonly #suffixes = new WildcardIndex();
  readonly #prefixes = new WildcardIndex();
  #fallback: VirtualHostTable | undefined;

  /** False: the domain is taken already. */
  add(domain: string, host: VirtualHostTable): boolean {
    const text = domain.toLowerCase();
    if (text === '*') {
      if (this.#fallback !== undefined) return false;
      this.#fallback = host;
      return true;
    }
    if (text.startsWith('*')) return this.#suffixes.add(text.slice(1), host);
    if (text.endsWith('*')) return this.#prefixes.add(text.slice(0, -1), host);
    if (this.#exact.has(text)) return false;
    this.#exact.set(text, host);
    return true;
  }

  find(host: string): VirtualHostTable | undefined {
    return (
      this.#exact.get(host) ??
      this.#suffixes.find(host, tail) ??
      this.#prefixes.find(host, start) ??
      this.#fallback
    );
  }
}

const withoutPort = (authority: string): string => {
  const colon = portIndex(authority);
  return colon < 0 ? authority : authority.slice(0, colon);
};

const indexHosts = (
  hosts: readonly VirtualHostTable[],
  findings: Findings,
  path: string,
): HostIndex => {
  const index = new HostIndex();
  for (const [position, host] of hosts.entries()) {
    const at = `${path}virtual_hosts[${position}].domains`;
    if (host.domains.length === 0) findings.error(at, 'FieldRequired', 'must not be empty');
    for (const domain of host.domains) {
      if (domain === '') findings.error(at, 'FieldInvalid', 'must not hold an empty domain');
      else if (!index.add(domain, host)) {
        const message = `only unique values for domains are permitted: '${domain}' comes twice`;
        findings.error(at, 'DomainDuplicate', message);
      }
    }
  }
  return index;
};

/** Compiles into a finding list that others share. `path` prefixes field paths (with its dot). */
export const compileRouteTable = (
  message: RouteConfiguration,
  findings: Findings,
  path = '',
): RouteTable => {
  const inherited = { retry: undefined, mirrors: message.requestMirrorPolicies };
  const virtualHosts = message.virtualHosts.map((host, position) =>
    compileVirtualHost(host, inherited, findings, `${path}virtual_hosts[${position}]`),
  );
  const index = indexHosts(virtualHosts, findings, path);
  const normalize: (authority: string) => string = message.ignorePortInHostMatching
    ? (authority) => withoutPort(authority).toLowerCase()
    : (authority) => authority.toLowerCase();
  return {
    name: message.name,
    virtualHosts,
    ...compileHeaderMutations(message, findings, `${path}route_configuration`),
    mostSpecificMutationsWin: message.mostSpecificHeaderMutationsWins,
    filterConfig: decodePerFilterConfig(message.typedPerFilterConfig, findings, path),
    internalOnlyHeaders: message.internalOnlyHeaders.map((name) => name.toLowerCase()),
    validateClusters: message.validateClusters ?? false,
    selectVirtualHost: (authority) => index.find(normalize(authority)),
  };
};

/**
 * Compiles a route configuration once, for constant-time lookups. A message with an error gives no
 * table: its diagnostics are the text of the NACK.
 */
export const compileRouteConfiguration = (message: RouteConfiguration): Checked<RouteTable> => {
  const findings = new Findings();
  return findings.checked(compileRouteTable(message, findings));
};
