import { findCaller, type Simulation } from '@lateen/simulation';
import {
  buildClusters,
  buildEndpoints,
  buildListeners,
  buildRoutes,
  type ProxyDescriptor,
  type PushContext,
} from '@lateen/translator';
import { loadTypeRegistry, messageToJson } from '@lateen/xds';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { meshOf } from './simulated-answer.ts';
import type { Row } from './table.ts';

const registry = await loadTypeRegistry();

type ResourceName = 'cluster' | 'endpoints' | 'listener' | 'listeners' | 'route';

interface Named<T> {
  readonly name: string;
  readonly message: T;
}

const named = <T>(list: readonly Named<T>[], name: string | null | undefined): T | undefined =>
  list.find((one) => one.name === name)?.message;

/** Resources that decide a request, in protobuf JSON with the names of Envoy's documentation. */
const resourceJson = (
  kind: ResourceName,
  answer: Simulation,
  { push, proxy }: { readonly push: PushContext; readonly proxy: ProxyDescriptor },
): unknown => {
  const cluster = answer.destinations[0]?.cluster ?? answer.cluster;
  const route = answer.routeConfiguration;
  switch (kind) {
    case 'cluster': {
      const message = named(buildClusters(push, proxy), cluster);
      return message && messageToJson(ClusterSchema, message, registry);
    }
    case 'endpoints': {
      const message = named(buildEndpoints(push, proxy, cluster ? [cluster] : []), cluster);
      return message && messageToJson(ClusterLoadAssignmentSchema, message, registry);
    }
    case 'listener': {
      const message = named(buildListeners(push, proxy), answer.listener);
      return message && messageToJson(ListenerSchema, message, registry);
    }
    case 'listeners':
      return buildListeners(push, proxy).map(({ message }) =>
        messageToJson(ListenerSchema, message, registry),
      );
    case 'route': {
      const message = named(buildRoutes(push, proxy, route ? [route] : []), route);
      return message && messageToJson(RouteConfigurationSchema, message, registry);
    }
  }
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Whether everything written is there: fields of objects (null: absent), elements of lists in any
 * place, and below `'**'` something anywhere inside.
 */
const contains = (actual: unknown, expected: unknown): boolean => {
  if (expected === null) return actual === undefined;
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) &&
      expected.every((wanted) => actual.some((one) => contains(one, wanted)))
    );
  }
  if (!isRecord(expected)) return Object.is(actual, expected);
  const { '**': anywhere = [], ...fields } = expected;
  return (
    [anywhere].flat().every((part) => holds(actual, part)) &&
    isRecord(actual) &&
    Object.entries(fields).every(([key, value]) => contains(actual[key], value))
  );
};

/** Whether `part` is contained in a value or anywhere below it. */
const holds = (value: unknown, part: unknown): boolean => {
  if (contains(value, part)) return true;
  const below = isRecord(value) ? Object.values(value) : Array.isArray(value) ? value : [];
  return below.some((one) => holds(one, part));
};

/** What a row says about the resources that decide its request. */
export const configuredFacts = (
  row: Row,
  answer: Simulation,
  interceptionMode: 'REDIRECT' | 'NONE',
): Record<string, readonly [unknown, unknown]> => {
  const { configured } = row.expect;
  if (configured === undefined) return {};
  const { push, inputs } = meshOf(row);
  const options = { push, inputs, interceptionMode, live: false, certificates: true };
  const proxy = findCaller(row.caller, options).value?.proxy;
  if (proxy === undefined) return { configured: ['no caller', configured] };
  return Object.fromEntries(
    Object.entries(configured).map(([kind, expected]) => {
      const actual = resourceJson(kind as ResourceName, answer, { push, proxy });
      // On one line: a listener is long.
      const shown = contains(actual, expected) ? expected : JSON.stringify(actual);
      return [`configured ${kind}`, [shown, expected]];
    }),
  );
};
