import type { Analyzer } from '../analyzer.ts';
import { finding } from '../finding.ts';
import { deprecated } from '../message.ts';

/** Old fields that istioctl names with a replacement. */
export const deprecatedFields: Analyzer = {
  name: 'deprecation.DeprecationAnalyzer',
  description: 'Checks for deprecated Istio types and fields',
  analyze: ({ virtualServices, sidecars }) => [
    ...virtualServices.flatMap((rule) =>
      (rule.spec.http ?? []).flatMap(({ fault }, index) =>
        (fault?.delay?.percent ?? 0) > 0
          ? [
              finding(
                rule,
                deprecated(
                  'HTTPRoute.fault.delay.percent is deprecated; use HTTPRoute.fault.delay.percentage',
                ),
                `spec.http[${index}].fault.delay.percent`,
              ),
            ]
          : [],
      ),
    ),
    ...sidecars
      .filter(({ spec }) => spec?.outboundTrafficPolicy?.egressProxy !== undefined)
      .map((sidecar) =>
        finding(
          sidecar,
          deprecated('OutboundTrafficPolicy.EgressProxy ignored'),
          'spec.outboundTrafficPolicy.egressProxy',
        ),
      ),
  ],
};
