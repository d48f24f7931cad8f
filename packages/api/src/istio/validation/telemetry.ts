import { fieldPath } from '../../schema/field-path.ts';
import type { MetricsOverride, ProviderRef, TelemetrySpec } from '../telemetry.ts';
import { checkDuration, checkSelectorLabels } from './field.ts';
import { type Findings, forEachItem, invalid, missing } from './finding.ts';

const checkProviders = (providers: readonly ProviderRef[] | undefined, path: string): Findings =>
  (providers ?? []).length > 1
    ? [invalid(path, 'several providers are not supported here: name one')]
    : [];

const checkOverride = ({ tagOverrides }: MetricsOverride, path: string): Findings =>
  Object.entries(tagOverrides ?? {}).flatMap(([tag, { operation = 'UPSERT', value }]) => {
    const at = `${fieldPath(`${path}.tagOverrides`, tag)}.value`;
    if (operation === 'UPSERT')
      return value ? [] : [missing(at, 'must be set when the operation is UPSERT')];
    return value ? [invalid(at, 'must not be set when the operation is REMOVE')] : [];
  });

/** A Telemetry: one tracing section, tags and overrides that say something. */
export const checkTelemetry = (spec: TelemetrySpec): Findings => [
  ...checkSelectorLabels(spec.selector?.matchLabels, 'spec.selector.matchLabels'),
  ...((spec.tracing ?? []).length > 1
    ? [invalid('spec.tracing', 'several tracing sections are not supported: keep one')]
    : []),
  ...forEachItem(spec.tracing, 'spec.tracing', ({ providers, customTags }, path) => [
    ...checkProviders(providers, `${path}.providers`),
    ...Object.entries(customTags ?? {}).flatMap(([tag, source]) => {
      const at = fieldPath(`${path}.customTags`, tag);
      if (tag === '') return [missing(at, 'a tag must have a name')];
      return Object.keys(source).length === 0
        ? [missing(at, 'a tag needs literal, environment, header or formatter')]
        : [];
    }),
  ]),
  ...forEachItem(spec.metrics, 'spec.metrics', ({ overrides, reportingInterval }, path) => [
    ...forEachItem(overrides, `${path}.overrides`, checkOverride),
    ...checkDuration(reportingInterval, `${path}.reportingInterval`),
  ]),
];
