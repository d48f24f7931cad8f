import { resolveHost, type VirtualService } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { fullName, namespaceOf } from '../context/analysis-context.ts';
import { finding } from '../finding.ts';
import { ingressRouteRulesNotAffected } from '../message.ts';

/** Hosts of its own that a VirtualService splits into subsets. */
const splitHosts = (rule: VirtualService): ReadonlySet<string> => {
  const resolve = (host: string): string => resolveHost(host, namespaceOf(rule));
  const own = new Set((rule.spec.hosts ?? []).map(resolve));
  const split = (rule.spec.http ?? [])
    .flatMap(({ route = [] }) => route)
    .filter(({ destination: { subset = '' } }) => subset !== '')
    .map(({ destination }) => resolve(destination.host));
  return new Set(split.filter((host) => own.has(host)));
};

/**
 * A gateway's routes go to services, not through the rules that sidecars have for them: a destination
 * without subset gets all of them, whatever another VirtualService says.
 */
export const ingressSubsets: Analyzer = {
  name: 'virtualservice.IngressSubsetAnalyzer',
  description: 'Checks for subset rules that requests through a gateway do not pass',
  analyze: ({ virtualServices }) => {
    const owners = new Map<string, VirtualService[]>();
    for (const rule of virtualServices)
      for (const host of splitHosts(rule)) owners.set(host, [...(owners.get(host) ?? []), rule]);
    return virtualServices
      .filter(({ spec: { gateways = [] } }) => gateways.length > 0)
      .flatMap((rule) =>
        (rule.spec.http ?? []).flatMap(({ route = [] }, index) =>
          route.flatMap(({ destination: { host, subset = '' } }, place) => {
            if (subset !== '') return [];
            const split = owners.get(resolveHost(host, namespaceOf(rule))) ?? [];
            const path = `spec.http[${index}].route[${place}].destination.host`;
            return split.map((owner) =>
              finding(rule, ingressRouteRulesNotAffected(fullName(owner), fullName(rule)), path),
            );
          }),
        ),
      );
  },
};
