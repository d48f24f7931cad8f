import { hostIsWithin, isWildcardHost, resolveHost } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import { finding } from '../finding.ts';
import { referencedResourceNotFound } from '../message.ts';
import { mirrorDestinations, routeDestinations } from './route-destination.ts';

interface DeclaredSubsets {
  readonly byHost: ReadonlyMap<string, ReadonlySet<string>>;
  readonly wildcards: readonly string[];
}

/** Which subsets some DestinationRule declares for a host. */
const declaredSubsets = (context: AnalysisContext): DeclaredSubsets => {
  const rulesByHost = Map.groupBy(context.destinationRules, (rule) =>
    resolveHost(rule.spec.host, namespaceOf(rule)),
  );
  const byHost = new Map(
    [...rulesByHost].map(([host, rules]) => [
      host,
      new Set(rules.flatMap(({ spec }) => (spec.subsets ?? []).map(({ name }) => name))),
    ]),
  );
  return { byHost, wildcards: [...byHost.keys()].filter(isWildcardHost) };
};

/** Rules for a wildcard declare for every host it covers. */
const declares = ({ byHost, wildcards }: DeclaredSubsets, host: string, subset: string): boolean =>
  byHost.get(host)?.has(subset) === true ||
  wildcards.some((pattern) => hostIsWithin(host, pattern) && byHost.get(pattern)?.has(subset));

/** Subsets that routes name are declared by a DestinationRule of that host. */
export const destinationSubsets: Analyzer = {
  name: 'virtualservice.DestinationRuleAnalyzer',
  description: 'Checks the destination rules associated with each virtual service',
  analyze: (context) => {
    const subsets = declaredSubsets(context);
    return context.virtualServices.flatMap((rule) =>
      [
        ...routeDestinations(rule.spec).map((one) => ({ ...one, what: 'host+subset' })),
        ...mirrorDestinations(rule.spec).map((one) => ({ ...one, what: 'mirror+subset' })),
      ].flatMap(({ destination: { host, subset }, path, what }) => {
        if (subset === undefined || subset === '') return [];
        if (declares(subsets, resolveHost(host, namespaceOf(rule)), subset)) return [];
        const message = referencedResourceNotFound(
          `${what} in destinationrule`,
          `${host}+${subset}`,
        );
        return [finding(rule, message, `${path}.subset`)];
      }),
    );
  },
};
