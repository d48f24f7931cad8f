import type { ResourceKind } from '../../resource-kind.ts';
import { int32, object, string, time } from '../../schema/combinators.ts';
import { objectReferenceSchema } from '../schema/part.ts';
import { coreKind } from './core-kind.ts';

const series = object<{ count: number; lastObservedTime: string }>({
  count: int32,
  lastObservedTime: time,
});
const eventSource = object<{ component: string; host: string }>({
  component: string,
  host: string,
});

/** core/v1 Event. */
export const eventKind: ResourceKind = coreKind({
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  properties: {
    involvedObject: objectReferenceSchema,
    reason: string,
    message: string,
    source: eventSource,
    firstTimestamp: time,
    lastTimestamp: time,
    count: int32,
    type: string,
    eventTime: time,
    series,
    action: string,
    related: objectReferenceSchema,
    reportingComponent: string,
    reportingInstance: string,
  },
  required: ['involvedObject'],
});

/** events.k8s.io/v1 Event. */
export const eventsEventKind: ResourceKind = coreKind({
  group: 'events.k8s.io',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  properties: {
    eventTime: time,
    series,
    reportingController: string,
    reportingInstance: string,
    action: string,
    reason: string,
    regarding: objectReferenceSchema,
    related: objectReferenceSchema,
    note: string,
    type: string,
    deprecatedSource: eventSource,
    deprecatedFirstTimestamp: time,
    deprecatedLastTimestamp: time,
    deprecatedCount: int32,
  },
});
