/** A series of an answer of Prometheus' query API, with one value of it. */
export interface ApiSample {
  readonly metric: Readonly<Record<string, string>>;
  /** As Prometheus writes it: `12`, `1.5e+06`, `+Inf`, `NaN`. */
  readonly value: string;
}

const escaped: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '"': '\\"' };

const escapeLabel = (value: string): string =>
  value.replace(/[\\\n"]/g, (character) => escaped[character] ?? character);

const line = ({ metric, value }: ApiSample): string => {
  const labels = Object.entries(metric)
    .filter(([name]) => name !== '__name__')
    .map(([name, label]) => `${name}="${escapeLabel(label)}"`);
  return `${metric['__name__']}{${labels.join(',')}} ${value}\n`;
};

/** Writes samples as a scrape, series of one name together. Their types are not told: the API does not know them. */
export const exposition = (samples: readonly ApiSample[]): Uint8Array => {
  const named = samples.filter(({ metric }) => metric['__name__'] !== undefined);
  const byName = Map.groupBy(named, ({ metric }) => metric['__name__']);
  return Buffer.from([...byName.values()].flatMap((group) => group.map(line)).join(''));
};
