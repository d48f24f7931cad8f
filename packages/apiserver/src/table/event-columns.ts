import type { Event, EventV1, KubeObject, ObjectReference } from '@lateen/api';
import { type Column, column, nameColumn, wide } from './column.ts';
import { humanAge } from './human-duration.ts';

/** The fields both Event kinds show, under one set of names. */
interface EventRecord {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly object: ObjectReference | undefined;
  readonly source: { readonly component?: string; readonly host?: string } | undefined;
  readonly component: string;
  readonly first: string | null | undefined;
  readonly last: string | null | undefined;
  readonly eventTime: string | null | undefined;
  readonly series: Event['series'];
  readonly count: number | undefined;
}

const isCoreEvent = (event: KubeObject): event is Event => event.apiVersion === 'v1';

const coreRecord = (event: Event): EventRecord => ({
  type: event.type ?? '',
  reason: event.reason ?? '',
  message: event.message ?? '',
  object: event.involvedObject,
  source: event.source,
  component: event.reportingComponent ?? '',
  first: event.firstTimestamp,
  last: event.lastTimestamp,
  eventTime: event.eventTime,
  series: event.series,
  count: event.count,
});

const record = (event: KubeObject): EventRecord => {
  if (isCoreEvent(event)) return coreRecord(event);
  const newer = event as EventV1;
  return {
    type: newer.type ?? '',
    reason: newer.reason ?? '',
    message: newer.note ?? '',
    object: newer.regarding,
    source: newer.deprecatedSource,
    component: newer.reportingController ?? '',
    first: newer.deprecatedFirstTimestamp,
    last: newer.deprecatedLastTimestamp,
    eventTime: newer.eventTime,
    series: newer.series,
    count: newer.deprecatedCount,
  };
};

const firstSeen = ({ first, eventTime }: EventRecord): string | null | undefined =>
  first || eventTime;

const lastSeen = (event: EventRecord): string | null | undefined =>
  event.series?.lastObservedTime || event.last || firstSeen(event);

const target = ({ object }: EventRecord): string => {
  const kind = (object?.kind ?? '').toLowerCase();
  return object?.name === undefined || object.name === '' ? kind : `${kind}/${object.name}`;
};

const source = (event: EventRecord): string => {
  const component = event.source?.component || event.component;
  const host = event.source?.host ?? '';
  return host === '' ? component : `${component}, ${host}`;
};

const eventColumn = (
  name: string,
  cell: (event: EventRecord, nowMs: number) => string | number,
): Column => column(name, (event, nowMs) => cell(record(event), nowMs));

/** Columns of core/v1 Event and events.k8s.io/v1 Event. */
export const eventColumns: readonly Column[] = [
  eventColumn('Last Seen', (event, nowMs) => humanAge(lastSeen(event), nowMs)),
  eventColumn('Type', ({ type }) => type),
  eventColumn('Reason', ({ reason }) => reason),
  eventColumn('Object', target),
  wide(eventColumn('Subobject', ({ object }) => object?.fieldPath ?? '')),
  wide(eventColumn('Source', source)),
  eventColumn('Message', ({ message }) => message.trim()),
  wide(eventColumn('First Seen', (event, nowMs) => humanAge(firstSeen(event), nowMs))),
  wide(eventColumn('Count', ({ series, count }) => series?.count ?? (count || 1))),
  wide(nameColumn),
];
