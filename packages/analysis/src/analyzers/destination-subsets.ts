import { hostIsWithin, resolveHost } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import { finding } from '../finding.ts';
import { referencedResourceNotFound } from '../message.ts';
import { mirrorDestinations, routeDestinations } from './route-destination.ts';

/** Which subsets some DestinationRule declares for a host. */
const subsetsByHost = (context: AnalysisContext): ReadonlyMap<string, ReadonlySet<string>> => {
  const byHost = Map.groupBy(context.destinationRules, (rule) =>
    resolveHost(rule.spec.host, namespaceOf(rule)),
  );
  return new Map(
    [...byHost].map(([host, rules]) => [
      host,
      new Set(rules.flatMap(({ spec }) => (spec.subsets ?? []).map(({ name }) => name))),
    ]),
  );
};

const declares = (
  subsets: ReadonlyMap<string, ReadonlySet<string>>,
  host: string,
  subset: string,
): boolean =>
  subsets.get(host)?.has(subset) === true ||
  [...subsets].some(
    ([pattern, names]) =>
      pattern.startsWith('*') && hostIsWithin(host, pattern) && names.has(subset),
  );

/** Subsets that routes name are declared by a DestinationRule of that host. */
export const destinationSubsets: Analyzer = {
  name: 'virtualservice.DestinationRuleAnalyzer',
  description: 'Checks the destination rules associated with each virtual service',
  analyze: (context) => {
    const subsets = subsetsByHost(context);
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
