import type { Span, Trace } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { route, setQuery } from '../app/route.ts';
import { useResource } from '../data/resource.ts';
import { formatClockMs } from '../format/moment.ts';
import { formatMs } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';
import { breakable } from '../view/breakable.tsx';
import { Tabs } from '../view/controls.tsx';
import { Banner, Loaded } from '../view/feedback.tsx';
import { Icon } from '../view/icon.tsx';
import { LogView } from './log-view.tsx';
import { shortOperation } from './operation.ts';
import { SpanPanel } from './span-panel.tsx';
import { TraceStatus } from './trace-list.tsx';
import { UnreachableNotice } from './unreachable-notice.tsx';
import { layoutWaterfall, serviceHues, type WaterfallRow } from './waterfall.ts';

/** One trace. */
export const TracePage = ({ traceId }: { traceId: string }): VNode => {
  const resource = useResource<Trace>(`traces/${encodeURIComponent(traceId)}`, []);
  return <Loaded resource={resource}>{(trace) => <TraceView trace={trace} />}</Loaded>;
};

const TraceView = ({ trace }: { trace: Trace }): VNode => {
  const tab = route.value.query['tab'] === 'logs' ? 'logs' : 'spans';
  return (
    <>
      <header class="trace-head">
        <h2>
          <span>{trace.rootService.split('.')[0]}</span> {breakable(shortOperation(trace.rootName))}
        </h2>
        <TraceStatus trace={trace} />
      </header>
      <Summary trace={trace} />
      <UnreachableNotice clusters={trace.unreachable} />
      {trace.droppedSpans > 0 ? (
        <Banner kind="note">{t('trace.dropped', { count: trace.droppedSpans })}</Banner>
      ) : null}
      <Tabs
        label={trace.traceId}
        value={tab}
        choices={[
          { value: 'spans', label: t('trace.waterfall') },
          { value: 'logs', label: t('trace.logs') },
        ]}
        onChange={(value) => setQuery({ tab: value })}
      >
        {tab === 'spans' ? <Waterfall trace={trace} /> : <TraceLogs trace={trace} />}
      </Tabs>
    </>
  );
};

const Summary = ({ trace }: { trace: Trace }): VNode => (
  <dl class="stats trace-summary">
    {(
      [
        [t('trace.duration'), formatMs(trace.durationUs / 1000)],
        [t('trace.spans'), String(trace.spanCount)],
        [t('nav.services'), String(trace.services.length)],
        [t('trace.failures'), String(trace.errorCount)],
        [t('trace.time'), formatClockMs(trace.startUs / 1000)],
      ] as const
    ).map(([name, value]) => (
      <div class="stat" key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

const requestIdOf = (trace: Trace): string => {
  for (const { attributes } of trace.spans) {
    const id = attributes['guid:x-request-id'] ?? attributes['x-request-id'];
    if (id !== undefined) return id;
  }
  return '';
};

const TraceLogs = ({ trace }: { trace: Trace }): VNode => {
  const namespaces = new Set(trace.services.map(({ name }) => name.split('.')[1] ?? 'default'));
  const requestId = requestIdOf(trace);
  return (
    <LogView
      namespaces={[...namespaces]}
      {...(requestId === '' ? { traceId: trace.traceId } : { requestId })}
    />
  );
};

const toggled = (set: ReadonlySet<string>, id: string): ReadonlySet<string> => {
  const next = new Set(set);
  if (!next.delete(id)) next.add(id);
  return next;
};

const ticks = [0, 0.25, 0.5, 0.75, 1];

const Waterfall = ({ trace }: { trace: Trace }): VNode => {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const chosenId = route.value.query['span'];
  const { rows, startUs, wholeUs } = useMemo(() => layoutWaterfall(trace, folded), [trace, folded]);
  const hues = useMemo(() => serviceHues(trace.spans), [trace]);
  const chosen = trace.spans.find(({ spanId }) => spanId === chosenId);
  return (
    <div class={`waterfall-split${chosen === undefined ? '' : ' has-span'}`}>
      <div class="card waterfall">
        <div class="waterfall-head" aria-hidden="true">
          <span>{t('trace.span')}</span>
          <span class="waterfall-ticks">
            {ticks.map((part) => (
              <i key={part} style={{ left: `${part * 100}%` }}>
                {formatMs((wholeUs * part) / 1000)}
              </i>
            ))}
          </span>
        </div>
        <ul aria-label={t('trace.waterfall')}>
          {rows.map((row) => (
            <SpanRow
              key={row.span.spanId}
              row={row}
              hue={hues.get(row.span.service) ?? 200}
              isFolded={folded.has(row.span.spanId)}
              isChosen={row.span.spanId === chosenId}
              onFold={() => setFolded(toggled(folded, row.span.spanId))}
            />
          ))}
        </ul>
      </div>
      {chosen === undefined ? null : <SpanPanel span={chosen} startUs={startUs} />}
    </div>
  );
};

interface SpanRowProps {
  readonly row: WaterfallRow;
  readonly hue: number;
  readonly isFolded: boolean;
  readonly isChosen: boolean;
  readonly onFold: () => void;
}

const barTitle = (span: Span): string => `${span.service} ${span.name}`;

const SpanRow = ({ row, hue, isFolded, isChosen, onFold }: SpanRowProps): VNode => {
  const { span, left, width, childCount } = row;
  return (
    <li class={`span-row${isChosen ? ' chosen' : ''}`} style={{ '--hue': hue }}>
      <span class="span-name" style={{ paddingLeft: `${Math.min(12, span.depth) * 16}px` }}>
        {childCount > 0 ? (
          <button
            type="button"
            class={`fold${isFolded ? ' folded' : ''}`}
            aria-expanded={!isFolded}
            aria-label={t('trace.fold', { count: childCount })}
            onClick={onFold}
          >
            <Icon name="chevronDown" size={14} />
          </button>
        ) : (
          <i class="fold" />
        )}
        <button
          type="button"
          class="span-open"
          title={barTitle(span)}
          aria-pressed={isChosen}
          onClick={() => setQuery({ span: isChosen ? undefined : span.spanId })}
        >
          <b>{span.service.split('.')[0]}</b>{' '}
          <small>
            {span.kind} · {shortOperation(span.name)}
          </small>
        </button>
        {span.status === 'error' ? (
          <span class="tag tag-bad">
            {span.attributes['http.status_code'] ?? t('trace.failed')}
          </span>
        ) : null}
      </span>
      <span class="span-track" aria-hidden="true">
        <i
          class={span.status === 'error' ? 'span-bar failed' : 'span-bar'}
          style={{ left: `${left}%`, width: `${width}%` }}
        />
        <em style={{ left: `${left + width}%` }}>{formatMs(span.durationUs / 1000)}</em>
      </span>
      <span class="unseen">{formatMs(span.durationUs / 1000)}</span>
    </li>
  );
};
