import { fieldPath } from '../../schema/field-path.ts';
import type {
  MetricsOverride,
  ProviderRef,
  TelemetryAccessLogging,
  TelemetrySpec,
} from '../telemetry.ts';
import { checkDuration, checkSelectorLabels } from './field.ts';
import {
  doubtful,
  type Findings,
  forEachItem,
  invalid,
  missing,
  type ValidationContext,
} from './finding.ts';

const checkProviders = (providers: readonly ProviderRef[] | undefined, path: string): Findings =>
  (providers ?? []).length > 1
    ? [invalid(path, 'several providers are not supported here: name one')]
    : [];

/** A proxy leaves out what it cannot evaluate, and nobody sees it. */
const checkTagValue = (
  value: string | undefined,
  path: string,
  { celProblem }: ValidationContext,
): Findings => {
  if (!value) return [missing(path, 'must be set when the operation is UPSERT')];
  const problem = celProblem(value);
  return problem === undefined
    ? []
    : [doubtful(path, `is not CEL and will be unknown: ${problem}`)];
};

/** Proxies refuse a log whose filter they cannot read, and all else with it. */
const checkFilter = (
  { filter }: TelemetryAccessLogging,
  path: string,
  { celProblem }: ValidationContext,
): Findings => {
  if (filter === undefined) return [];
  const at = `${path}.filter.expression`;
  if (!filter.expression)
    return [missing(at, 'must be an expression such as response.code >= 400')];
  const problem = celProblem(filter.expression);
  return problem === undefined ? [] : [invalid(at, `is not a valid CEL expression: ${problem}`)];
};

const checkOverride = (
  { tagOverrides }: MetricsOverride,
  path: string,
  context: ValidationContext,
): Findings =>
  Object.entries(tagOverrides ?? {}).flatMap(([tag, { operation = 'UPSERT', value }]) => {
    const at = `${fieldPath(`${path}.tagOverrides`, tag)}.value`;
    if (operation === 'UPSERT') return checkTagValue(value, at, context);
    return value ? [invalid(at, 'must not be set when the operation is REMOVE')] : [];
  });

/** A Telemetry: one tracing section, tags and overrides that say something. */
export const checkTelemetry = (spec: TelemetrySpec, context: ValidationContext): Findings => [
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
    ...forEachItem(overrides, `${path}.overrides`, (override, at) =>
      checkOverride(override, at, context),
    ),
    ...checkDuration(reportingInterval, `${path}.reportingInterval`),
  ]),
  ...forEachItem(spec.accessLogging, 'spec.accessLogging', (section, path) =>
    checkFilter(section, path, context),
  ),
];
