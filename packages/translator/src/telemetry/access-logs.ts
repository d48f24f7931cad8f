import { create } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type AccessLog,
  type AccessLogFilter,
  AccessLogFilterSchema,
} from '@lateen/xds/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import { ExpressionFilterSchema } from '@lateen/xds/gen/envoy/extensions/access_loggers/filters/cel/v3/cel_pb.js';
import type { Telemetry } from '../input/telemetry.ts';
import { findProvider } from '../push-context/extension-provider-lookup.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { meshFileLog, providerLog } from './log-provider.ts';
import { logSpecs } from './log-specs.ts';
import type { Side } from './side.ts';

/** Logs of one side of a proxy. */
export interface AccessLogs {
  /** One entry for each request or connection. */
  readonly chains: readonly AccessLog[];
  /** For listeners: only what never reached a filter chain. */
  readonly listeners: readonly AccessLog[];
}

const celFilter = (expression: string): AccessLogFilter =>
  create(AccessLogFilterSchema, {
    filterSpecifier: {
      case: 'extensionFilter',
      value: {
        name: 'envoy.access_loggers.extension_filters.cel',
        configType: {
          case: 'typedConfig',
          value: packAny(ExpressionFilterSchema, create(ExpressionFilterSchema, { expression })),
        },
      },
    },
  });

/** No filter chain, or no route. */
const noRouteFilter = (): AccessLogFilter =>
  create(AccessLogFilterSchema, {
    filterSpecifier: { case: 'responseFlagFilter', value: { flags: ['NR'] } },
  });

const both = (filters: readonly AccessLogFilter[]): Pick<AccessLog, 'filter'> => {
  const [first] = filters;
  if (first === undefined) return {};
  if (filters.length === 1) return { filter: first };
  return {
    filter: create(AccessLogFilterSchema, {
      filterSpecifier: { case: 'andFilter', value: { filters: [...filters] } },
    }),
  };
};

const logsOf = (log: AccessLog, expression: string | undefined): AccessLogs => {
  const own = expression === undefined ? [] : [celFilter(expression)];
  return {
    chains: [{ ...log, ...both(own) }],
    listeners: [{ ...log, ...both([noRouteFilter(), ...own]) }],
  };
};

const compareNames = (left: string, right: string): number =>
  left === right ? 0 : left < right ? -1 : 1;

/**
 * What one side of a proxy logs. Where no provider of the mesh is meant, `accessLogFile` of MeshConfig
 * counts; one that is switched off is meant.
 */
export const accessLogs = (
  push: PushContext,
  telemetries: readonly Telemetry[],
  side: Side,
): AccessLogs => {
  const { meshConfig } = push;
  const found = [...logSpecs(meshConfig, telemetries, side)]
    .sort(([left], [right]) => compareNames(left, right))
    .flatMap(([name, spec]) => {
      const provider = findProvider(meshConfig, name);
      const log = provider && providerLog(push, provider);
      return log === undefined ? [] : [{ log, spec }];
    });
  if (found.length === 0) {
    const { accessLogFile } = meshConfig;
    return accessLogFile === ''
      ? { chains: [], listeners: [] }
      : logsOf(meshFileLog(accessLogFile, meshConfig), undefined);
  }
  const logs = found
    .filter(({ spec }) => !spec.disabled)
    .map(({ log, spec }) => logsOf(log, spec.expression));
  return {
    chains: logs.flatMap(({ chains }) => chains),
    listeners: logs.flatMap(({ listeners }) => listeners),
  };
};
