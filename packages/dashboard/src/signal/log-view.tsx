import type { LogAnswer, LogLine } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { timeWindow } from '../app/preferences.ts';
import { linkTo } from '../app/route.ts';
import { withQuery } from '../data/api-client.ts';
import { formatClockMs } from '../format/moment.ts';
import { formatMs } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';
import { Check, Select, TextField } from '../view/controls.tsx';
import { Banner, Empty, Loaded } from '../view/feedback.tsx';
import { useMergedLogs } from './merged-logs.ts';

/** Whose lines: all fields but the namespaces are optional. */
export interface LogScope {
  /** One, or those that a request went through. */
  readonly namespaces: readonly string[];
  readonly workload?: string;
  readonly pod?: string;
  readonly traceId?: string;
  readonly requestId?: string;
}

type Level = 'all' | 'info' | 'warning' | 'error';
type Source = 'both' | 'app' | 'proxy';

/** Typing waits this long before the server is asked. */
const typingMs = 250;

const useCalm = (value: string): string => {
  const [calm, setCalm] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setCalm(value), typingMs);
    return () => clearTimeout(timer);
  }, [value]);
  return calm;
};

/** Lines of app and proxy in one stream, with filters. */
export const LogView = (scope: LogScope): VNode => {
  const [filter, setFilter] = useState('');
  const [level, setLevel] = useState<Level>('all');
  const [source, setSource] = useState<Source>('both');
  const [follows, setFollows] = useState(true);
  const calm = useCalm(filter);
  const { namespaces, ...whose } = scope;
  const paths = namespaces.map((namespace) =>
    withQuery('logs', {
      namespace,
      ...whose,
      filter: calm,
      level: level === 'all' ? undefined : level,
      since: timeWindow.value === '1m' ? '5m' : timeWindow.value,
      limit: 1000,
    }),
  );
  // What a request left behind does not grow any more.
  const isLive = scope.traceId === undefined && scope.requestId === undefined;
  const resource = useMergedLogs(paths, isLive);
  const chooseLevel = (value: Level): void => setLevel(value);
  return (
    <section class="log-view" aria-label={t('nav.logs')}>
      <div class="toolbar">
        <TextField
          label={t('log.filter')}
          placeholder={t('log.filterHint')}
          icon="search"
          type="search"
          value={filter}
          onInput={setFilter}
        />
        <Select
          label={t('log.level')}
          value={level}
          choices={(['all', 'info', 'warning', 'error'] as const).map((value) => ({
            value,
            label: t(`log.level.${value}`),
          }))}
          onChange={chooseLevel}
        />
        <Select
          label={t('log.source')}
          value={source}
          choices={(['both', 'app', 'proxy'] as const).map((value) => ({
            value,
            label: t(`log.source.${value}`),
          }))}
          onChange={setSource}
        />
        {isLive ? <Check label={t('log.follow')} isOn={follows} onChange={setFollows} /> : null}
      </div>
      <Loaded resource={resource}>
        {(answer) => <Lines answer={answer} source={source} follows={follows} />}
      </Loaded>
    </section>
  );
};

const isWanted = ({ isProxy }: LogLine, source: Source): boolean =>
  source === 'both' || (source === 'proxy') === isProxy;

const Lines = ({
  answer,
  source,
  follows,
}: {
  answer: LogAnswer;
  source: Source;
  follows: boolean;
}): VNode => {
  const list = useRef<HTMLDivElement>(null);
  const lines = useMemo(
    () => answer.lines.filter((line) => isWanted(line, source)),
    [answer, source],
  );
  useLayoutEffect(() => {
    if (follows && lines.length > 0) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [follows, lines]);
  return (
    <>
      {answer.errors.length === 0 ? null : (
        <Banner kind="warn">
          {answer.errors
            .map(({ pod, container, message }) => `${pod} ${container}: ${message}`)
            .join('; ')}
        </Banner>
      )}
      {lines.length === 0 ? (
        <Empty title={t('log.empty')} text={t('log.emptyText')} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long list is scrolled by keys
        <div class="log-lines" ref={list} tabIndex={0} role="log" aria-live="off">
          {answer.truncated ? <p class="text-quiet">{t('log.truncated')}</p> : null}
          {lines.map((line, index) => (
            <Line key={`${line.timeMs} ${line.container} ${index}`} line={line} />
          ))}
        </div>
      )}
    </>
  );
};

const Line = ({ line }: { line: LogLine }): VNode => (
  <div class={`log-line level-${line.level}${line.isProxy ? ' of-proxy' : ''}`}>
    <time>{formatClockMs(line.timeMs)}</time>
    <span
      class="log-source"
      title={[line.cluster, line.pod, line.container].filter(Boolean).join(' ')}
    >
      {line.container}
    </span>
    <span class="log-text">
      {line.access === undefined ? line.text : <AccessLine line={line} access={line.access} />}
    </span>
    {line.traceId === '' ? (
      <span />
    ) : (
      <a href={linkTo('traces', [line.traceId])}>{t('log.trace')}</a>
    )}
  </div>
);

const codeLook = (code: number): string => {
  if (code === 0 || code >= 500) return 'tag-bad';
  return code >= 400 ? 'tag-warn' : 'tag-ok';
};

/** An access log line with what matters in its place; the whole line on hovering. */
const AccessLine = ({
  line,
  access,
}: {
  line: LogLine;
  access: NonNullable<LogLine['access']>;
}): VNode => (
  <span class="access" title={line.text}>
    <span class={`tag ${codeLook(access.responseCode)}`}>{access.responseCode}</span>
    {access.responseFlags === '-' ? null : <span class="tag tag-bad">{access.responseFlags}</span>}
    <b>{access.method}</b>
    <span>
      {access.authority}
      {access.path}
    </span>
    <span class="text-quiet">{formatMs(access.durationMs)}</span>
    {access.upstreamHost === '' || access.upstreamHost === '-' ? null : (
      <span class="text-quiet">→ {access.upstreamHost}</span>
    )}
  </span>
);
