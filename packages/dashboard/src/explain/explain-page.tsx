import type { CallerList, ExplainAnswer, ExplainRequest } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { route, setQuery } from '../app/route.ts';
import { ApiError, sendJson } from '../data/api-client.ts';
import { newsOf } from '../data/live-events.ts';
import { useResource } from '../data/resource.ts';
import { t } from '../i18n/translate.ts';
import { Banner, Empty, errorText, Findings, Loaded } from '../view/feedback.tsx';
import { DecisionView } from './decision-view.tsx';
import { ExplainMap } from './explain-map.tsx';
import { type RequestDraft, readDraft, toRequest, writeDraft } from './request-draft.ts';
import { RequestForm } from './request-form.tsx';

/** Typing waits this long before the server is asked. */
const typingMs = 300;

interface Outcome {
  readonly answer: ExplainAnswer | undefined;
  readonly problem: string;
}

/** Asks the server, which runs the same code as the proxies; again whenever the configuration changes. */
const useExplanation = (request: ExplainRequest | undefined): Outcome => {
  const [outcome, setOutcome] = useState<Outcome>({ answer: undefined, problem: '' });
  const key = JSON.stringify(request ?? null);
  const news = newsOf(['config']);
  useEffect(() => {
    if (key === 'null') return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      sendJson<ExplainAnswer>('POST', 'explain', JSON.parse(key), abort.signal).then(
        (answer) => setOutcome({ answer, problem: '' }),
        (error: unknown) => {
          if (abort.signal.aborted) return;
          const problem = error instanceof ApiError ? errorText(error) : String(error);
          setOutcome({ answer: undefined, problem });
        },
      );
    }, typingMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, news]);
  return outcome;
};

/** What would become of a request that nobody sent. */
export const ExplainPage = (): VNode => {
  const callers = useResource<CallerList>('explain/callers', ['config']);
  return (
    <Loaded resource={callers}>
      {(list) =>
        list.workloads.length + list.gateways.length === 0 ? (
          <Empty title={t('explain.nobody')} text={t('explain.nobodyText')} />
        ) : (
          <Explain callers={list} />
        )
      }
    </Loaded>
  );
};

const Explain = ({ callers }: { callers: CallerList }): VNode => {
  const draft = readDraft(route.value.query, callers);
  const change = (part: Partial<RequestDraft>): void => setQuery(writeDraft({ ...draft, ...part }));
  const { answer, problem } = useExplanation(toRequest(draft));
  return (
    <div class="explain">
      <RequestForm draft={draft} callers={callers} onChange={change} />
      <div class="explain-answer" aria-live="polite">
        {problem === '' ? null : <Banner kind="bad">{problem}</Banner>}
        <ExplainMap path={answer?.path ?? null} />
        {answer === undefined || answer.diagnostics.length === 0 ? null : (
          <Findings diagnostics={answer.diagnostics} />
        )}
        {answer?.simulation === undefined || answer.simulation === null ? null : (
          <DecisionView simulation={answer.simulation} />
        )}
      </div>
    </div>
  );
};
