import type { ConfigDetail, ConfigReference } from '@lateen/telemetry/contract';
import { sendJson } from '../data/api-client.ts';

/** The documents of a text, each as its own text; empty ones are left out. */
export const splitDocuments = (yaml: string): readonly string[] =>
  yaml
    .split(/^---[^\n]*\n/m)
    .filter((part) => part.split('\n').some((line) => line.trim() !== '' && !/^\s*#/.test(line)));

/** The path of an object among the server's answers. */
export const configPath = ({ kind, namespace, name }: ConfigReference): string =>
  ['config', kind, namespace === '' ? '_' : namespace, name].map(encodeURIComponent).join('/');

/** An object to be written: what it is, its text, and which version of it was read. */
export interface Document {
  readonly reference: ConfigReference;
  readonly yaml: string;
  readonly resourceVersion?: string;
}

/** Pairs the texts with what the server said they are; undefined when the numbers do not fit. */
export const pairDocuments = (
  yaml: string,
  references: readonly ConfigReference[],
): readonly Document[] | undefined => {
  const texts = splitDocuments(yaml);
  if (texts.length !== references.length) return undefined;
  return references.map((reference, index) => ({ reference, yaml: texts[index] ?? '' }));
};

/** Saves one after another, in their order: what others refer to comes first. Throws `ApiError` at the first refusal. */
export const saveDocuments = async (
  documents: readonly Document[],
): Promise<readonly ConfigDetail[]> => {
  const saved: ConfigDetail[] = [];
  for (const { reference, yaml, resourceVersion } of documents) {
    const body = { yaml, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    saved.push(await sendJson<ConfigDetail>('PUT', configPath(reference), body));
  }
  return saved;
};
