/** What a request's path names below `/api` and `/apis`. */
export interface ResourceTarget {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  /** What follows the subresource, for `proxy`: with its leading slash, or empty. */
  readonly rest: string;
}

/** Words that follow a namespace's own name; anything else is a collection in it. */
const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize']);

const decode = (segment: string): string | undefined => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
};

interface Located {
  readonly group: string;
  readonly version: string;
  /** Segments below the group version. */
  readonly tail: readonly string[];
}

const locate = (words: readonly string[]): Located | undefined => {
  const [root, first, second] = words;
  const isCore = root === 'api';
  const [group, version] = isCore ? ['', first] : [first, second];
  const tail = words.slice(isCore ? 2 : 3);
  if ((!isCore && root !== 'apis') || group === undefined || version === undefined)
    return undefined;
  return tail.length === 0 || tail[0] === '' ? undefined : { group, version, tail };
};

const orUndefined = (word: string | undefined): string | undefined =>
  word === '' ? undefined : word;

/**
 * Reads `/api/v1/...` and `/apis/GROUP/VERSION/...`; undefined for any other path (discovery, health)
 * and for segments that are not percent-encoded UTF-8.
 */
export const parseResourceTarget = (path: string): ResourceTarget | undefined => {
  const raw = path.split('/').slice(1);
  const words = raw.map(decode);
  if (words.includes(undefined)) return undefined;
  const located = locate(words as string[]);
  if (located === undefined) return undefined;
  const { group, version, tail } = located;
  const inNamespace =
    tail[0] === 'namespaces' && tail.length > 2 && !namespaceSubresources.has(tail[2] ?? '');
  const [plural = '', name, subresource, ...rest] = inNamespace ? tail.slice(2) : tail;
  if (plural === '') return undefined;
  const restRaw = raw.slice(raw.length - rest.length).join('/');
  return {
    group,
    version,
    plural,
    namespace: inNamespace ? tail[1] : undefined,
    name: orUndefined(name),
    subresource: orUndefined(subresource),
    rest: rest.length === 0 ? '' : `/${restRaw}`,
  };
};
