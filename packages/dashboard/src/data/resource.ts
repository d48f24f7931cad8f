import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type ApiError, asApiError, getJson } from './api-client.ts';
import { type LiveTopic, newsOf } from './live-events.ts';

/** An answer of the server as a page sees it. While another is asked for, the last one stays. */
export interface Resource<T> {
  readonly value: T | undefined;
  readonly error: ApiError | undefined;
  /** The first answer for this path is not there yet. */
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** Answers kept so that going back shows the last picture at once. */
const maxRemembered = 60;
const remembered = new Map<string, unknown>();

const remember = (path: string, value: unknown): void => {
  remembered.delete(path);
  remembered.set(path, value);
  const oldest = remembered.keys().next();
  if (remembered.size > maxRemembered && !oldest.done) remembered.delete(oldest.value);
};

interface Answer<T> {
  readonly path: string | undefined;
  readonly value: T | undefined;
  readonly error: ApiError | undefined;
}

/**
 * Reads a path, and again at news about `topics`. Undefined: nothing is read. `keep`: while another path is read,
 * the old answer stays, so that a change of a filter does not blank the page.
 */
export const useResource = <T>(
  path: string | undefined,
  topics: readonly LiveTopic[] = [],
  { keep = false }: { readonly keep?: boolean } = {},
): Resource<T> => {
  const news = newsOf(topics);
  const [asked, setAsked] = useState(0);
  const [answer, setAnswer] = useState<Answer<T>>({
    path,
    value: path === undefined ? undefined : (remembered.get(path) as T | undefined),
    error: undefined,
  });
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    running.current?.abort();
    running.current = abort;
    getJson<T>(path, abort.signal).then(
      (value) => {
        remember(path, value);
        if (!abort.signal.aborted) setAnswer({ path, value, error: undefined });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setAnswer((last) => ({
          path,
          value: last.path === path || keep ? last.value : undefined,
          error: asApiError(error),
        }));
      },
    );
    return () => abort.abort();
  }, [path, news, asked, keep]);
  const reload = useCallback(() => setAsked((count) => count + 1), []);
  const isCurrent = answer.path === path;
  const value = isCurrent
    ? answer.value
    : ((path === undefined ? undefined : (remembered.get(path) as T | undefined)) ??
      (keep ? answer.value : undefined));
  const error = isCurrent ? answer.error : undefined;
  return { value, error, isLoading: value === undefined && error === undefined, reload };
};
