import type { LogAnswer } from '@lateen/telemetry/contract';
import { useEffect, useState } from 'preact/hooks';
import { type ApiError, asApiError, getJson } from '../data/api-client.ts';
import { newsOf } from '../data/live-events.ts';
import type { Resource } from '../data/resource.ts';

/** Lines of several answers in one stream, by time. */
export const mergeLogs = (answers: readonly LogAnswer[]): LogAnswer => ({
  lines: answers.flatMap(({ lines }) => lines).sort((a, b) => a.timeMs - b.timeMs),
  truncated: answers.some(({ truncated }) => truncated),
  errors: answers.flatMap(({ errors }) => errors),
});

/**
 * Answers of `GET logs` in one: a request leaves lines in every namespace it goes through. `isLive`: asked for again with
 * every scrape. The last answer stays while another is asked for.
 */
export const useMergedLogs = (paths: readonly string[], isLive: boolean): Resource<LogAnswer> => {
  const [value, setValue] = useState<LogAnswer | undefined>(undefined);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const [asked, setAsked] = useState(0);
  const news = newsOf(isLive ? ['metrics'] : []);
  const all = paths.join('\n');
  useEffect(() => {
    const abort = new AbortController();
    Promise.all(all.split('\n').map((path) => getJson<LogAnswer>(path, abort.signal))).then(
      (answers) => {
        if (abort.signal.aborted) return;
        setValue(mergeLogs(answers));
        setError(undefined);
      },
      (reason: unknown) => {
        if (!abort.signal.aborted) setError(asApiError(reason));
      },
    );
    return () => abort.abort();
  }, [all, news, asked]);
  const reload = (): void => setAsked((count) => count + 1);
  return { value, error, isLoading: value === undefined && error === undefined, reload };
};
