import type {
  CelExpression,
  FormatContext,
  MeshMetricName,
  MetricOverrides,
} from '@lateen/routing';
import { Counter, Histogram } from '../../stats/metric.ts';
import type { Labels } from '../../stats/registry.ts';
import type { MeshSeries } from './mesh-series.ts';

/** Values of labels are cut here: clients choose what expressions see. */
const maxLabelCharacters = 256;

/** What an expression gives that cannot be evaluated, as with Istio. */
const unknown = 'unknown';

/** Where in the values of a request a label finds its own; -1: the label is left out. */
type Slots = ReadonlyMap<string, number>;

/** Labels of one metric: which are other than usual, which are added. */
interface MetricLabels {
  readonly replaced: Slots;
  readonly added: readonly (readonly [label: string, slot: number])[];
}

/** A metric that is not standard. */
interface OwnMetric {
  readonly family: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly value: CelExpression;
  readonly labels: readonly (readonly [label: string, slot: number])[];
}

/** What the configuration changes about labels, with each expression evaluated once a request. */
export class LabelOverrides {
  readonly #expressions: CelExpression[] = [];
  readonly #metrics = new Map<MeshMetricName, MetricLabels>();
  readonly #dropped: ReadonlySet<MeshMetricName>;
  readonly #own: readonly OwnMetric[];

  constructor({ dropped, labels, custom }: MetricOverrides) {
    this.#dropped = dropped;
    for (const [name, { replaced, added }] of labels) {
      const slots = [...replaced].map(
        ([label, value]) => [label, value === undefined ? -1 : this.#slotOf(value)] as const,
      );
      this.#metrics.set(name, { replaced: new Map(slots), added: this.#slotsOf(added) });
    }
    this.#own = custom.map((metric) => ({ ...metric, labels: this.#slotsOf(metric.labels) }));
  }

  #slotsOf(
    labels: readonly (readonly [label: string, value: CelExpression])[],
  ): readonly (readonly [label: string, slot: number])[] {
    return labels.map(([label, value]) => [label, this.#slotOf(value)] as const);
  }

  #slotOf(expression: CelExpression): number {
    const at = this.#expressions.findIndex(({ source }) => source === expression.source);
    return at >= 0 ? at : this.#expressions.push(expression) - 1;
  }

  /** What the expressions give for a request or connection. */
  evaluate(context: FormatContext): readonly string[] {
    return this.#expressions.map((expression) =>
      (expression.text(context) ?? unknown).slice(0, maxLabelCharacters),
    );
  }

  /** The labels of a metric; undefined: it is not to be counted. */
  labelsOf(metric: MeshMetricName, labels: Labels, values: readonly string[]): Labels | undefined {
    if (this.#dropped.has(metric)) return undefined;
    const changes = this.#metrics.get(metric);
    if (changes === undefined) return labels;
    const changed: Record<string, string> = {};
    for (const name in labels) {
      const slot = changes.replaced.get(name);
      if (slot === undefined) changed[name] = labels[name] ?? unknown;
      else if (slot >= 0) changed[name] = values[slot] ?? unknown;
    }
    for (const [label, slot] of changes.added) changed[label] = values[slot] ?? unknown;
    return changed;
  }

  /** Counts the metrics that are not standard. */
  countOwn(context: FormatContext, values: readonly string[], series: MeshSeries): void {
    for (const { family, type, value, labels: slots } of this.#own) {
      const amount = value.evaluate(context);
      if (typeof amount !== 'bigint' || amount < 0n) continue;
      const labels = Object.fromEntries(
        slots.map(([label, slot]) => [label, values[slot] ?? unknown]),
      );
      if (type === 'histogram') series.histogram(family, labels).observe(Number(amount));
      else if (type === 'gauge') series.gauge(family, labels).value = Number(amount);
      else series.counter(family, labels).value += Number(amount);
    }
  }
}

/** The metrics of one set of labels, as the configuration wants them. */
export class MetricSource {
  readonly #series: MeshSeries;
  readonly #overrides: LabelOverrides | undefined;
  readonly #labels: Labels;
  readonly #values: readonly string[];

  constructor(
    series: MeshSeries,
    overrides: LabelOverrides | undefined,
    labels: Labels,
    values: readonly string[],
  ) {
    this.#series = series;
    this.#overrides = overrides;
    this.#labels = labels;
    this.#values = values;
  }

  #labelsOf(metric: MeshMetricName): Labels | undefined {
    if (this.#overrides === undefined) return this.#labels;
    return this.#overrides.labelsOf(metric, this.#labels, this.#values);
  }

  /** A dropped metric counts into the void: no question on the way of each request. */
  counter(metric: MeshMetricName): Counter {
    const labels = this.#labelsOf(metric);
    return labels === undefined ? new Counter() : this.#series.counter(`istio_${metric}`, labels);
  }

  histogram(metric: MeshMetricName): Histogram {
    const labels = this.#labelsOf(metric);
    if (labels === undefined) return new Histogram();
    return this.#series.histogram(`istio_${metric}`, labels);
  }
}
