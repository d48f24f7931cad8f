import { type Gateway, type HttpMatch, hasLabels, type VirtualService } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, fullName, namespaceOf } from '../context/analysis-context.ts';
import type { Workload } from '../context/workload.ts';
import { type Finding, finding } from '../finding.ts';
import { jwtClaimBasedRoutingWithoutRequestAuthN } from '../message.ts';
import { gatewayFullName } from './virtual-service-gateways.ts';

const claimPrefix = '@request.auth.claims';

interface ClaimUse {
  readonly key: string;
  readonly path: string;
}

const claimKeys = (match: HttpMatch, path: string): readonly ClaimUse[] =>
  (['headers', 'withoutHeaders'] as const).flatMap((field) =>
    Object.keys(match[field] ?? {})
      .filter((key) => key.startsWith(claimPrefix))
      .map((key) => ({ key, path: `${path}.${field}[${key}]` })),
  );

/** The first condition on a claim of a token. */
const claimUse = ({ spec }: VirtualService): ClaimUse | undefined =>
  (spec.http ?? []).flatMap(({ match = [] }, rule) =>
    match.flatMap((one, index) => claimKeys(one, `spec.http[${rule}].match[${index}]`)),
  )[0];

const isAuthenticated = ({ labels, namespace }: Workload, context: AnalysisContext): boolean =>
  context.requestAuthentications.some(
    (one) =>
      [context.rootNamespace, namespace].includes(namespaceOf(one)) &&
      hasLabels(labels, one.spec?.selector?.matchLabels ?? {}),
  );

const checkRule = (
  rule: VirtualService,
  { key, path }: ClaimUse,
  context: AnalysisContext,
): readonly Finding[] => {
  const gateways = (rule.spec.gateways ?? [])
    .map((name) => gatewayFullName(name, namespaceOf(rule)))
    .map((name) => context.gateways.find((one) => fullName(one) === name))
    .filter((one): one is Gateway => one !== undefined);
  return gateways.flatMap((gateway) =>
    context.workloads
      .filter(({ labels }) => hasLabels(labels, gateway.spec.selector ?? {}))
      .filter((workload) => !isAuthenticated(workload, context))
      .map(({ name }) =>
        finding(rule, jwtClaimBasedRoutingWithoutRequestAuthN(key, fullName(gateway), name), path),
      ),
  );
};

/** Routing by a token's claims needs something that checks the token first. */
export const jwtClaimRoutes: Analyzer = {
  name: 'virtualservice.JWTClaimRouteAnalyzer',
  description:
    'Checks the VirtualService using JWT claim based routing has corresponding RequestAuthentication',
  analyze: (context) =>
    context.virtualServices.flatMap((rule) => {
      const use = claimUse(rule);
      return use === undefined ? [] : checkRule(rule, use, context);
    }),
};
