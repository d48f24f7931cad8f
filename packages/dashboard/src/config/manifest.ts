/** An object of the configuration as it is written. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Words YAML 1.1 reads as something else than text, numbers, and texts with signs of the syntax. */
const needsQuotes = (text: string): boolean =>
  text === '' ||
  /^(y|n|yes|no|on|off|true|false|null|~)$/i.test(text) ||
  /^[-+.]?[\d.]|^[eE][-+]?\d/.test(text) ||
  /^[\s!&*?|>@`%"'#,[\]{}:-]/.test(text) ||
  /: |:$| #|\s$|\n/.test(text);

const scalar = (value: unknown): string => {
  if (typeof value === 'string') return needsQuotes(value) ? JSON.stringify(value) : value;
  if (value === undefined || value === null) return 'null';
  return String(value);
};

const block = (value: unknown, indent: string): string => {
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []\n';
    return `\n${value.map((item) => listItem(item, indent)).join('')}`;
  }
  if (!isRecord(value)) return ` ${scalar(value)}\n`;
  const text = fields(value, indent);
  return text === '' ? ' {}\n' : `\n${text}`;
};

const listItem = (item: unknown, indent: string): string => {
  const inner = `${indent}  `;
  if (!isRecord(item)) return `${indent}-${block(item, inner)}`;
  const text = fields(item, inner);
  return text === '' ? `${indent}- {}\n` : `${indent}- ${text.slice(inner.length)}`;
};

const fields = (value: Readonly<Record<string, unknown>>, indent: string): string =>
  Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .map(([key, each]) => `${indent}${scalar(key)}:${block(each, `${indent}  `)}`)
    .join('');

/** Prints an object as YAML, block style, two spaces, fields in their order; undefined fields are left out. */
export const printYaml = (value: Readonly<Record<string, unknown>>): string => fields(value, '');

/** Prints several objects as one text of several documents. */
export const printManifests = (manifests: readonly Manifest[]): string =>
  manifests.map((manifest) => printYaml({ ...manifest })).join('---\n');

const textRecord = (value: unknown): Readonly<Record<string, string>> | undefined =>
  isRecord(value) ? (value as Readonly<Record<string, string>>) : undefined;

/** What of a read object is written again: not what the server keeps (uid, status, managed fields). */
export const toManifest = (object: Readonly<Record<string, unknown>>): Manifest => {
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {};
  const labels = textRecord(metadata['labels']) ?? {};
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...annotations } =
    textRecord(metadata['annotations']) ?? {};
  return {
    apiVersion: String(object['apiVersion'] ?? ''),
    kind: String(object['kind'] ?? ''),
    metadata: {
      name: String(metadata['name'] ?? ''),
      ...(metadata['namespace'] === undefined ? {} : { namespace: String(metadata['namespace']) }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: isRecord(object['spec']) ? object['spec'] : {},
  };
};
