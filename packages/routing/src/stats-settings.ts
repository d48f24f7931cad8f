import type { Checked } from '@lateen/base';
import type {
  HistogramBucketSettings,
  StatsConfig,
  StatsMatcher,
} from '@lateen/xds/gen/envoy/config/metrics/v3/stats_pb.js';
import { Findings } from './findings.ts';
import { compileStringMatch, type StringMatch } from './string-match.ts';

/** `envoy.config.metrics.v3.StatsConfig`, as far as it says which statistics there are and how fine. */
export interface StatsSettings {
  /** Whether a statistic is kept, by its dotted name. */
  accepts(statName: string): boolean;
  /** Upper bounds of a histogram's buckets, by its dotted name; undefined: the default ones. */
  bucketsOf(statName: string): readonly number[] | undefined;
}

/** Istio's own metrics are in a namespace of their own, which rules can name. */
const customPrefix = 'istiocustom.';

const namesOf = (statName: string): readonly string[] =>
  statName.startsWith('istio_') ? [`${customPrefix}${statName}`, statName] : [statName];

const anyMatches = (matches: readonly StringMatch[], statName: string): boolean =>
  namesOf(statName).some((name) => matches.some((match) => match.matches(name)));

const compileAcceptance = (
  matcher: StatsMatcher | undefined,
  findings: Findings,
): ((statName: string) => boolean) => {
  const specifier = matcher?.statsMatcher;
  if (specifier?.case === 'rejectAll') return () => !specifier.value;
  if (specifier?.case === undefined) return () => true;
  const { case: kind, value } = specifier;
  const path = `stats_config.stats_matcher.${kind === 'inclusionList' ? 'inclusion' : 'exclusion'}_list`;
  const matches = value.patterns.map((pattern, index) =>
    compileStringMatch(pattern, findings, `${path}.patterns[${index}]`),
  );
  const isInclusion = kind === 'inclusionList';
  return (statName) => anyMatches(matches, statName) === isInclusion;
};

const compileBuckets = (
  settings: readonly HistogramBucketSettings[],
  findings: Findings,
): StatsSettings['bucketsOf'] => {
  const rules = settings.flatMap(({ match, buckets }, index) => {
    const path = `stats_config.histogram_bucket_settings[${index}]`;
    const isRising = buckets.every((bound, at) => bound > (buckets[at - 1] ?? 0));
    if (!isRising || buckets.length === 0) {
      findings.error(`${path}.buckets`, 'FieldInvalid', 'must be greater than 0 and rise');
      return [];
    }
    if (match === undefined) return [];
    return [{ match: compileStringMatch(match, findings, `${path}.match`), buckets }];
  });
  return (statName) => rules.find(({ match }) => anyMatches([match], statName))?.buckets;
};

/** Compiles what a bootstrap says of statistics. */
export const compileStatsSettings = (message: StatsConfig | undefined): Checked<StatsSettings> => {
  const findings = new Findings();
  return findings.checked({
    accepts: compileAcceptance(message?.statsMatcher, findings),
    bucketsOf: compileBuckets(message?.histogramBucketSettings ?? [], findings),
  });
};
