import type { Eyes } from '../eyes.ts';
import type { ApiRoute } from '../server/route-table.ts';
import { configRoutes } from './config-api.ts';
import { configWriteRoutes } from './config-write-api.ts';
import { explainRoutes } from './explain-api.ts';
import { graphRoutes } from './graph-api.ts';
import { logRoutes } from './logs-api.ts';
import { metricsRoutes } from './metrics-api.ts';
import { proxyRoutes } from './proxies-api.ts';
import { schemaRoutes } from './schema-api.ts';
import { serviceRoutes } from './services-api.ts';
import { statusRoutes } from './status-api.ts';
import { traceRoutes } from './traces-api.ts';
import { workloadRoutes } from './workloads-api.ts';

/** Everything below `/api/v1/`; `server` is the Kubernetes API's URL, for people. */
export const apiRoutes = (eyes: Eyes, server: string): readonly ApiRoute[] => [
  ...statusRoutes(eyes, server),
  ...graphRoutes(eyes),
  ...serviceRoutes(eyes),
  ...workloadRoutes(eyes),
  ...proxyRoutes(eyes),
  ...metricsRoutes(eyes),
  ...traceRoutes(eyes),
  ...logRoutes(eyes),
  ...explainRoutes(eyes),
  ...schemaRoutes(eyes),
  // Those with fixed words first: names come last.
  ...configWriteRoutes(eyes),
  ...configRoutes(eyes),
];
