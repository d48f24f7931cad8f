import { Metric, processMetrics } from '@lateen/base';
import type { ObjectStore } from '../store/object-store.ts';

/** `Content-Type` of Prometheus' text. */
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

/** `pods`, `virtualservices.networking.istio.io`: a collection of the store is `/GROUP/PLURAL/`. */
const resourceOf = (collection: string): string => {
  const [, group = '', plural = ''] = collection.split('/');
  return group === '' ? plural : `${plural}.${group}`;
};

const storageObjects = (store: ObjectStore): Metric => {
  const metric = new Metric(
    'apiserver_storage_objects',
    'gauge',
    'Number of stored objects at the time of last check split by kind.',
  );
  for (const [collection, count] of store.counts())
    metric.set(count, { resource: resourceOf(collection) });
  return metric;
};

const ofProcess = (): readonly Metric[] => {
  const { user, system } = process.cpuUsage();
  return processMetrics({
    cpuSeconds: (user + system) / 1_000_000,
    residentBytes: process.memoryUsage.rss(),
    startTime: Math.round(performance.timeOrigin) / 1_000,
  });
};

/** Prometheus' text of these families, of what is stored, and of the process. */
export const metricsPage = (families: readonly Metric[], store: ObjectStore): string =>
  [...families, storageObjects(store), ...ofProcess()].map((metric) => metric.render()).join('');
