import {
  type AccessLogFilter,
  type ComparisonFilter,
  ComparisonFilter_Op,
  type ExtensionFilter,
  type GrpcStatusFilter,
  type LogTypeFilter,
  type MetadataFilter,
  type RuntimeFilter,
} from '@lateen/xds/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import { AccessLogType } from '@lateen/xds/gen/envoy/data/accesslog/v3/accesslog_pb.js';
import { ExpressionFilterSchema } from '@lateen/xds/gen/envoy/extensions/access_loggers/filters/cel/v3/cel_pb.js';
import { holds, unpack } from './any-message.ts';
import { compileCelWith } from './cel/cel-expression.ts';
import type { Findings } from './findings.ts';
import type { FormatContext } from './format-context.ts';
import { allMillionths, millionths } from './fraction.ts';
import { grpcStatusOfHttp } from './grpc-status.ts';
import { compileHeaderCondition } from './header-condition.ts';
import { compileMetadataMatch } from './metadata-match.ts';

/** Says whether a request is logged. */
export type LogFilter = (context: FormatContext) => boolean;

/** Where a filter stands. */
interface Place {
  readonly findings: Findings;
  readonly path: string;
  readonly depth: number;
}

const always: LogFilter = () => true;

const comparison = (filter: ComparisonFilter | undefined): ((value: number) => boolean) => {
  const limit = filter?.value?.defaultValue ?? 0;
  switch (filter?.op) {
    case ComparisonFilter_Op.GE:
      return (value) => value >= limit;
    case ComparisonFilter_Op.LE:
      return (value) => value <= limit;
    default:
      return (value) => value === limit;
  }
};

const compileFlags = (flags: readonly string[]): LogFilter => {
  const wanted = new Set(flags);
  return (context) => {
    const seen = context.responseFlags ?? '';
    if (seen === '' || seen === '-') return false;
    return wanted.size === 0 || seen.split(',').some((flag) => wanted.has(flag));
  };
};

/** Filters of filters deeper than this are refused: the bound of the recursion. */
const maxFilterDepth = 16;

const compileAll = (filters: readonly AccessLogFilter[], place: Place): readonly LogFilter[] =>
  filters.map((filter, index) =>
    compileOne(filter, {
      ...place,
      path: `${place.path}.filters[${index}]`,
      depth: place.depth + 1,
    }),
  );

const compileGrpcStatus = ({ statuses, exclude }: GrpcStatusFilter): LogFilter => {
  const wanted = new Set<number>(statuses);
  return (context) => {
    const status = Number(context.grpcStatus ?? grpcStatusOfHttp(context.responseCode));
    return wanted.has(status) !== exclude;
  };
};

const compileMetadata = (
  { matcher, matchIfKeyNotFound }: MetadataFilter,
  { findings, path }: Place,
): LogFilter => {
  if (matcher === undefined) return always;
  const match = compileMetadataMatch(matcher, findings, `${path}.matcher`);
  const ifAbsent = matchIfKeyNotFound ?? true;
  return (context) => {
    const value = context.dynamicMetadata(match.filter, match.path);
    return value === undefined ? ifAbsent : match.matches(value);
  };
};

const compileLogType = ({ types, exclude }: LogTypeFilter): LogFilter => {
  const wanted = new Set(types.map((type) => AccessLogType[type]));
  return (context) => wanted.has(context.logType ?? 'NotSet') !== exclude;
};

/** The first digits of an id of random digits, as a share of all ids; undefined: it is no such id. */
const shareOf = (id: string | undefined): number | undefined =>
  id !== undefined && /^[0-9a-f]{8}/i.test(id)
    ? Number.parseInt(id.slice(0, 8), 16) / 2 ** 32
    : undefined;

/** A share of requests: by request id, so that all proxies on its way choose alike. */
const compileRuntime = ({ percentSampled, useIndependentRandomness }: RuntimeFilter): LogFilter => {
  const share = millionths(percentSampled, 0) / allMillionths;
  if (share >= 1) return always;
  return (context) => {
    const id = useIndependentRandomness ? undefined : context.requestHeader('x-request-id');
    return (shareOf(id) ?? shareOf(context.uniqueId?.()) ?? 1) < share;
  };
};

const compileExtension = (filter: ExtensionFilter, { findings, path }: Place): LogFilter => {
  const any = filter.configType.value;
  if (any !== undefined && holds(any, ExpressionFilterSchema)) {
    const at = `${path}.typed_config`;
    const expression = unpack(any, ExpressionFilterSchema, findings, at)?.expression ?? '';
    const cel = compileCelWith(expression, findings, `${at}.expression`);
    return (context) => cel.holds(context);
  }
  const message = `the filter ${filter.name} is not known: everything is logged`;
  findings.warning(path, 'FieldUnsupported', message);
  return always;
};

function compileOne(message: AccessLogFilter, place: Place): LogFilter {
  const filter = message.filterSpecifier;
  const { findings, path, depth } = place;
  if (depth > maxFilterDepth) {
    findings.error(path, 'FieldInvalid', `more than ${maxFilterDepth} filters in each other`);
    return always;
  }
  switch (filter.case) {
    case 'statusCodeFilter': {
      const test = comparison(filter.value.comparison);
      return (context) => test(context.responseCode);
    }
    case 'durationFilter': {
      const test = comparison(filter.value.comparison);
      return (context) => test(context.durationMs ?? 0);
    }
    case 'responseFlagFilter':
      return compileFlags(filter.value.flags);
    case 'headerFilter': {
      if (filter.value.header === undefined) return always;
      const header = compileHeaderCondition(filter.value.header, findings, `${path}.header`);
      return (context) => header.matches(context.requestHeader(header.name));
    }
    case 'andFilter': {
      const all = compileAll(filter.value.filters, place);
      return (context) => all.every((accepts) => accepts(context));
    }
    case 'orFilter': {
      const any = compileAll(filter.value.filters, place);
      return (context) => any.some((accepts) => accepts(context));
    }
    case 'grpcStatusFilter':
      return compileGrpcStatus(filter.value);
    case 'metadataFilter':
      return compileMetadata(filter.value, place);
    case 'logTypeFilter':
      return compileLogType(filter.value);
    case 'runtimeFilter':
      return compileRuntime(filter.value);
    case 'traceableFilter':
      return (context) => context.isSampled === true;
    case 'extensionFilter':
      return compileExtension(filter.value, place);
    // There is no health check filter, so no request is a health check.
    default:
      return always;
  }
}

/** Compiles the filter of an access log; without one every request is logged. */
export const compileLogFilter = (
  message: AccessLogFilter | undefined,
  findings: Findings,
  path: string,
): LogFilter =>
  message === undefined ? always : compileOne(message, { findings, path, depth: 0 });
