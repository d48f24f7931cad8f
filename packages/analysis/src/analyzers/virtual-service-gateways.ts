import { type Gateway, hostsOverlap, type VirtualService } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, fullName, namespaceOf } from '../context/analysis-context.ts';
import { type Finding, finding } from '../finding.ts';
import { referencedResourceNotFound, virtualServiceHostNotFoundInGateway } from '../message.ts';

const mesh = 'mesh';

/** `namespace/name` of a gateway as a VirtualService names it. */
export const gatewayFullName = (name: string, namespace: string): string =>
  name.includes('/') ? name : `${namespace}/${name}`;

/** A server's hosts for VirtualServices of a namespace, without their namespaces. */
export const hostsFor = (gateway: Gateway, namespace: string): readonly string[] =>
  (gateway.spec.servers ?? [])
    .flatMap(({ hosts }) => hosts)
    .flatMap((text) => {
      const slash = text.indexOf('/');
      if (slash < 0) return [text];
      const scope = text.slice(0, slash);
      const wanted = scope === '.' ? namespaceOf(gateway) : scope;
      return wanted === '*' || wanted === namespace ? [text.slice(slash + 1)] : [];
    });

const checkGateway = (
  rule: VirtualService,
  { name, path }: { readonly name: string; readonly path: string },
  gateways: ReadonlyMap<string, Gateway>,
): readonly Finding[] => {
  const gatewayName = gatewayFullName(name, namespaceOf(rule));
  const gateway = gateways.get(gatewayName);
  const { hosts = [] } = rule.spec;
  const offered = gateway === undefined ? [] : hostsFor(gateway, namespaceOf(rule));
  const missing =
    gateway === undefined ? [finding(rule, referencedResourceNotFound('gateway', name), path)] : [];
  if (hosts.some((host) => offered.some((one) => hostsOverlap(one, host)))) return missing;
  const message = virtualServiceHostNotFoundInGateway(hosts, fullName(rule), gatewayName);
  return [...missing, finding(rule, message, path)];
};

const gatewaysByName = (context: AnalysisContext): ReadonlyMap<string, Gateway> =>
  new Map(context.gateways.map((gateway) => [fullName(gateway), gateway]));

/** Gateways that VirtualServices name exist and serve their hosts. */
export const virtualServiceGateways: Analyzer = {
  name: 'virtualservice.GatewayAnalyzer',
  description: 'Checks the gateways associated with each virtual service',
  analyze: (context) => {
    const gateways = gatewaysByName(context);
    return context.virtualServices.flatMap((rule) =>
      (rule.spec.gateways ?? []).flatMap((name, index) =>
        name === mesh
          ? []
          : checkGateway(rule, { name, path: `spec.gateways[${index}]` }, gateways),
      ),
    );
  },
};
