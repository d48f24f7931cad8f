import { type Gateway, type GatewayServer, hasLabels, hostsOverlap } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { fullName, namespaceOf } from '../context/analysis-context.ts';
import { selectorText } from '../context/label-text.ts';
import { finding } from '../finding.ts';
import { conflictingGateways } from '../message.ts';

interface ServedHost {
  readonly scope: string;
  readonly host: string;
}

const servedHosts = (gateway: Gateway, { hosts }: GatewayServer): readonly ServedHost[] =>
  hosts.map((text) => {
    const slash = text.indexOf('/');
    if (slash < 0) return { scope: '*', host: text };
    const scope = text.slice(0, slash);
    return { scope: scope === '.' ? namespaceOf(gateway) : scope, host: text.slice(slash + 1) };
  });

const overlap = (a: ServedHost, b: ServedHost): boolean =>
  (a.scope === '*' || b.scope === '*' || a.scope === b.scope) && hostsOverlap(a.host, b.host);

interface PlacedServer {
  readonly gateway: Gateway;
  readonly server: GatewayServer;
}

/** One selector holds the other, so that some pod may get both. */
const sharePods = (a: Gateway, b: Gateway): boolean => {
  const first = a.spec.selector ?? {};
  const second = b.spec.selector ?? {};
  return hasLabels(first, second) || hasLabels(second, first);
};

const conflict = (a: PlacedServer, b: PlacedServer): boolean =>
  a.gateway !== b.gateway &&
  a.server.port.number === b.server.port.number &&
  (a.server.bind ?? '') === (b.server.bind ?? '') &&
  sharePods(a.gateway, b.gateway) &&
  servedHosts(a.gateway, a.server).some((host) =>
    servedHosts(b.gateway, b.server).some((other) => overlap(host, other)),
  );

/** Two Gateways must not claim the same host on the same port of the same pods. */
export const gatewayConflicts: Analyzer = {
  name: 'gateway.ConflictingGatewayAnalyzer',
  description: "Checks a gateway's selector, port number and hosts",
  analyze: ({ gateways }) => {
    const all = gateways.flatMap((gateway) =>
      (gateway.spec.servers ?? []).map((server, index) => ({ gateway, server, index })),
    );
    const byPort = Map.groupBy(all, ({ server }) => server.port.number);
    return all.flatMap((one) => {
      const { gateway, server, index } = one;
      const rivals = (byPort.get(server.port.number) ?? []).filter((other) => conflict(one, other));
      if (rivals.length === 0) return [];
      const message = conflictingGateways({
        gateways: [...new Set(rivals.map((rival) => fullName(rival.gateway)))],
        selector: selectorText(gateway.spec.selector),
        port: server.port.number,
        hosts: server.hosts,
      });
      return [finding(gateway, message, `spec.servers[${index}]`)];
    });
  },
};
