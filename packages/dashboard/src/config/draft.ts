import type { Diagnostic } from '@lateen/base';
import type { ConfigReference, PreviewAnswer, ValidateAnswer } from '@lateen/telemetry/contract';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, sendJson } from '../data/api-client.ts';

/** What the server says about a text that is not saved yet. */
export interface DraftAnswers {
  readonly findings: readonly Diagnostic[];
  readonly objects: readonly ConfigReference[];
  readonly isValid: boolean;
  readonly preview: PreviewAnswer | undefined;
  /** The answer is about an earlier text; another is on its way. */
  readonly isStale: boolean;
  /** Why there is no answer; '' when there is one. */
  readonly problem: string;
}

/** Typing waits this long before the server is asked. */
const typingMs = 350;

const nothingYet: DraftAnswers = {
  findings: [],
  objects: [],
  isValid: false,
  preview: undefined,
  isStale: true,
  problem: '',
};

const ask = async (yaml: string, namespace: string, signal: AbortSignal): Promise<DraftAnswers> => {
  const validated = await sendJson<ValidateAnswer>(
    'POST',
    'config/validate',
    { yaml, namespace },
    signal,
  );
  const preview = validated.valid
    ? await sendJson<PreviewAnswer>('POST', 'config/preview', { yaml, namespace }, signal)
    : undefined;
  return {
    findings: validated.diagnostics,
    objects: validated.objects,
    isValid: validated.valid,
    preview,
    isStale: false,
    problem: '',
  };
};

/** Validates and previews a text while it is written. Nothing is saved. */
export const useDraftAnswers = (yaml: string, namespace: string): DraftAnswers => {
  const [answers, setAnswers] = useState<DraftAnswers>(nothingYet);
  useEffect(() => {
    const abort = new AbortController();
    setAnswers((last) => ({ ...last, isStale: true }));
    const timer = setTimeout(() => {
      ask(yaml, namespace, abort.signal).then(setAnswers, (error: unknown) => {
        if (abort.signal.aborted) return;
        const problem = error instanceof ApiError ? error.problem : undefined;
        setAnswers({
          ...nothingYet,
          findings: problem?.diagnostics ?? [],
          isStale: false,
          problem: problem?.message ?? String(error),
        });
      });
    }, typingMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [yaml, namespace]);
  return answers;
};
