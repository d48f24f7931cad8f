import type { TraceList, TraceSummary } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { goTo, linkTo, route, setQuery } from '../app/route.ts';
import { withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import { formatClockMs } from '../format/moment.ts';
import { formatMs } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';
import { breakable } from '../view/breakable.tsx';
import { Check, Select, TextField } from '../view/controls.tsx';
import { Empty, Loaded } from '../view/feedback.tsx';
import { type Column, Table } from '../view/table.tsx';
import { shortOperation } from './operation.ts';
import { TraceScatter } from './trace-scatter.tsx';

/** Traces with filters; the filters are part of the address. */
export const TraceListPage = (): VNode => {
  const { query } = route.value;
  const resource = useResource<TraceList>(
    withQuery('traces', {
      service: query['service'],
      operation: query['operation'],
      minDurationMs: query['slower'],
      errors: query['errors'],
      tag: query['tag'] === undefined ? undefined : [query['tag']],
      limit: 200,
    }),
    ['traces'],
    { keep: true },
  );
  const services = resource.value?.services ?? [];
  return (
    <>
      <div class="toolbar">
        <Select
          label={t('trace.service')}
          value={query['service'] ?? ''}
          choices={[
            { value: '', label: t('trace.allServices') },
            ...withChosen(services, query['service']).map((value) => ({ value, label: value })),
          ]}
          onChange={(service) => setQuery({ service })}
        />
        <TextField
          label={t('trace.operation')}
          placeholder={t('trace.operation')}
          icon="search"
          type="search"
          value={query['operation'] ?? ''}
          onInput={(operation) => setQuery({ operation })}
        />
        <TextField
          label={t('trace.tag')}
          placeholder={t('trace.tagHint')}
          value={query['tag'] ?? ''}
          onInput={(tag) => setQuery({ tag: tag.includes('=') || tag === '' ? tag : undefined })}
        />
        <TextField
          label={t('trace.slower')}
          placeholder={t('trace.slowerHint')}
          type="number"
          value={query['slower'] ?? ''}
          onInput={(slower) => setQuery({ slower })}
        />
        <Check
          label={t('trace.onlyErrors')}
          isOn={query['errors'] === 'true'}
          onChange={(isOn) => setQuery({ errors: isOn ? 'true' : undefined })}
        />
      </div>
      <Loaded resource={resource}>{(list) => <Traces list={list} />}</Loaded>
    </>
  );
};

const withChosen = (services: readonly string[], chosen: string | undefined): readonly string[] =>
  chosen === undefined || services.includes(chosen) ? services : [chosen, ...services];

const Traces = ({ list }: { list: TraceList }): VNode => {
  if (list.traces.length === 0)
    return <Empty title={t('trace.empty')} text={t('trace.emptyText')} />;
  return (
    <div class="grid">
      <TraceScatter traces={list.traces} />
      <Rows traces={list.traces} />
      {list.evicted > 0 ? (
        <p class="text-quiet">{t('trace.evicted', { count: list.evicted })}</p>
      ) : null}
    </div>
  );
};

/** The newest traces of one service. */
export const TraceTable = ({ service }: { service: string }): VNode => {
  const resource = useResource<TraceList>(
    withQuery('traces', { service, limit: 100 }),
    ['traces'],
    { keep: true },
  );
  return <Loaded resource={resource}>{(list) => <Traces list={list} />}</Loaded>;
};

/** More services than this are a number in the list. */
const maxServices = 3;

/** Services that a request went through after the first. */
const OtherServices = ({ trace: { services, rootService } }: { trace: TraceSummary }): VNode => {
  const others = services.filter(({ name }) => name !== rootService);
  return (
    <span class="tags one-line" title={services.map(({ name }) => name).join('\n')}>
      {others.slice(0, maxServices).map(({ name }) => (
        <span class="tag" key={name}>
          {name.split('.')[0]}
        </span>
      ))}
      {others.length > maxServices ? <span class="tag">+{others.length - maxServices}</span> : null}
    </span>
  );
};

const statusLook = (status: number, errorCount: number): string => {
  if (status === 0) return errorCount > 0 ? 'tag-bad' : 'tag-ok';
  if (status >= 500) return 'tag-bad';
  return status >= 400 ? 'tag-warn' : 'tag-ok';
};

/** What the caller got, and how much failed on the way to it: a page may be fine though a part of it is missing. */
export const TraceStatus = ({ trace }: { trace: TraceSummary }): VNode => {
  const { status, errorCount } = trace;
  return (
    <span class="tags one-line">
      <span class={`tag ${statusLook(status, errorCount)}`}>
        {status === 0 ? t(errorCount > 0 ? 'trace.failed' : 'trace.fine') : status}
      </span>
      {errorCount > 0 && status > 0 && status < 500 ? (
        <span class="tag tag-bad">{t('config.errors', { count: errorCount })}</span>
      ) : null}
    </span>
  );
};

const columns = (longest: number): readonly Column<TraceSummary>[] => [
  {
    key: 'name',
    title: t('trace.request'),
    cell: ({ traceId, rootName, rootService }) => (
      <span class="cell-name">
        <a href={linkTo('traces', [traceId])}>{breakable(shortOperation(rootName))}</a>
        <small>{rootService}</small>
      </span>
    ),
    order: ({ rootName }) => rootName,
  },
  {
    key: 'status',
    title: t('trace.status'),
    isWhole: true,
    cell: (trace) => <TraceStatus trace={trace} />,
    order: ({ status, errorCount }) => status * 1000 + errorCount,
  },
  {
    key: 'duration',
    title: t('trace.duration'),
    width: '190px',
    cell: ({ durationUs, errorCount }) => (
      <span class={`duration ${errorCount > 0 ? 'tone-bad' : 'tone-accent'}`}>
        <span class="meter">
          <i style={{ width: `${Math.max(1, (durationUs / longest) * 100)}%` }} />
        </span>
        {formatMs(durationUs / 1000)}
      </span>
    ),
    order: ({ durationUs }) => durationUs,
  },
  {
    key: 'spans',
    title: t('trace.spans'),
    isNumber: true,
    cell: ({ spanCount }) => spanCount,
    order: ({ spanCount }) => spanCount,
  },
  {
    key: 'services',
    title: t('nav.services'),
    cell: (trace) => <OtherServices trace={trace} />,
  },
  {
    key: 'time',
    title: t('trace.time'),
    isNumber: true,
    cell: ({ startUs }) => formatClockMs(startUs / 1000),
    order: ({ startUs }) => startUs,
  },
];

const Rows = ({ traces }: { traces: readonly TraceSummary[] }): VNode => {
  const longest = Math.max(1, ...traces.map(({ durationUs }) => durationUs));
  return (
    <Table
      label={t('nav.traces')}
      rows={traces}
      columns={columns(longest)}
      keyOf={({ traceId }) => traceId}
      onOpen={({ traceId }) => goTo(linkTo('traces', [traceId]))}
    />
  );
};
