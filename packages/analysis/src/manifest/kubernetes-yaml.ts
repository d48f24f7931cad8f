import {
  type Document,
  type LineCounter,
  parseAllDocuments,
  type ScalarTag,
  type Tags,
} from 'yaml';

/** Go's YAML wants a digit in a number: `exportTo: [.]` is a list of names, and so is `[e5]`. */
const floatTests: ReadonlyMap<string | undefined, RegExp> = new Map([
  [undefined, /^[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*\.[0-9_]*)$/],
  ['EXP', /^[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)[eE][-+]?[0-9]+$/],
]);

const isFloat = (tag: ScalarTag): boolean =>
  tag.tag === 'tag:yaml.org,2002:float' && tag.test?.test('.nan') === false;

/** Dates and times of day are text in Go's YAML. */
const isTime = ({ tag, format }: ScalarTag): boolean =>
  format === 'TIME' || tag === 'tag:yaml.org,2002:timestamp';

const asInGo = (tag: Tags[number]): Tags => {
  if (typeof tag === 'string' || tag.collection !== undefined) return [tag];
  if (isTime(tag)) return [];
  const test = isFloat(tag) ? floatTests.get(tag.format) : undefined;
  return [test === undefined ? tag : { ...tag, test }];
};

/**
 * Reads YAML as kubectl does: version 1.1, in which `on` and `yes` are booleans, without what Go's
 * parser leaves out of it (base 60, dates).
 */
export const parseKubernetesYaml = (text: string, lines?: LineCounter): readonly Document[] => [
  ...parseAllDocuments(text, {
    version: '1.1',
    customTags: (tags) => tags.flatMap(asInGo),
    ...(lines && { lineCounter: lines }),
  }),
];
