import type { KubeObject } from '@lateen/api';
import { type AnalysisOptions, createAnalysisContext } from './context/analysis-context.ts';
import { isKubeObject, readObject } from './context/object-reader.ts';
import { compareFindings, type Finding } from './finding.ts';
import { analyzers } from './registry.ts';

const suppressAnnotation = 'galley.istio.io/analyze-suppress';

/** Codes an object does not want to hear about: a list, or `*`. */
const isSuppressed = ({ code, subject }: Finding): boolean => {
  const text: unknown = subject.metadata.annotations?.[suppressAnnotation];
  if (typeof text !== 'string') return false;
  const codes = text.split(',').map((one) => one.trim());
  return codes.includes('*') || codes.includes(code);
};

const identity = ({ object, code, message, path }: Finding): string =>
  JSON.stringify([object, code, message, path]);

/** The first of each that say the same about the same field. */
const withoutRepeats = (findings: readonly Finding[]): readonly Finding[] => [
  ...new Map(findings.toReversed().map((one) => [identity(one), one])).values(),
];

/** The last object of a name wins, as the last file applied does. */
const latest = (objects: readonly KubeObject[], namespace: string): readonly KubeObject[] => {
  const byName = new Map<string, KubeObject>();
  for (const object of objects) {
    const { apiVersion, kind, metadata } = object;
    const group = apiVersion.includes('/') ? apiVersion.split('/', 1)[0] : '';
    byName.set(
      JSON.stringify([group, kind, metadata.namespace ?? namespace, metadata.name]),
      object,
    );
  }
  return [...byName.values()];
};

/**
 * Everything the analyzers find in `objects` taken together, worst first. Values that are no Kubernetes
 * objects, and kinds nothing here knows, are skipped; of two objects of one name the later counts.
 */
export const analyzeObjects = (
  objects: readonly unknown[],
  options: AnalysisOptions = {},
): readonly Finding[] => {
  const { defaultNamespace = 'default' } = options;
  const read = latest(objects.filter(isKubeObject), defaultNamespace)
    .map((object) => readObject(object, defaultNamespace))
    .filter((one) => one !== undefined);
  const context = createAnalysisContext(read, options);
  const sources = new Map<KubeObject, KubeObject>();
  for (const { named, object, source } of read) {
    sources.set(named, source);
    if (object !== undefined) sources.set(object, source);
  }
  const findings = analyzers
    .flatMap((analyzer) => analyzer.analyze(context))
    .map((one) => ({ ...one, subject: sources.get(one.subject) ?? one.subject }))
    .filter((one) => !isSuppressed(one));
  return withoutRepeats(findings).toSorted(compareFindings);
};
