import { labels, list, message, type Reader, text } from './reader.ts';
import { type TrafficPolicy, trafficPolicy } from './traffic-policy.ts';

/** networking.istio.io DestinationRule.spec. */
export interface DestinationRule {
  readonly host: string | undefined;
  readonly trafficPolicy: TrafficPolicy | undefined;
  readonly subsets: readonly Subset[];
  readonly exportTo: readonly string[];
  readonly workloadSelector: { readonly matchLabels: ReadonlyMap<string, string> } | undefined;
}

/** `Subset` of a DestinationRule. */
export interface Subset {
  readonly name: string | undefined;
  readonly labels: ReadonlyMap<string, string>;
  readonly trafficPolicy: TrafficPolicy | undefined;
}

/** Reads `spec` of a DestinationRule of any version. */
export const destinationRule: Reader<DestinationRule | undefined> = message<DestinationRule>({
  host: text,
  trafficPolicy,
  subsets: list(message<Subset>({ name: text, labels, trafficPolicy })),
  exportTo: list(text),
  workloadSelector: message<NonNullable<DestinationRule['workloadSelector']>>({
    matchLabels: labels,
  }),
});
