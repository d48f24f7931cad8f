import { compileCelWith } from './cel/cel-expression.ts';
import type { Findings } from './findings.ts';
import type { FormatContext, Operator, OperatorValue } from './format-context.ts';
import { durationOperator } from './format-durations.ts';
import { plainOperators } from './format-plain-operators.ts';
import { compileTime } from './format-time.ts';
import { grpcStatusConstant, grpcStatusName } from './grpc-status.ts';
import { pathOnly, queryParameter } from './request-path.ts';

/** Where an operator stands. */
interface Place {
  readonly findings: Findings;
  readonly path: string;
}

type OperatorCompiler = (argument: string, place: Place) => Operator | undefined;

const text = (value: unknown): OperatorValue => {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || typeof value === 'number') return value;
  return JSON.stringify(value);
};

type HeaderReader = (context: FormatContext, name: string) => string | undefined;

/** `NAME?FALLBACK`. */
const headerOperator =
  (read: HeaderReader): OperatorCompiler =>
  (argument) => {
    const [first = '', second] = argument.toLowerCase().split('?');
    if (first === '') return undefined;
    if (second === undefined || second === '') return (context) => read(context, first);
    return (context) => read(context, first) ?? read(context, second);
  };

type MetadataReader = (c: FormatContext, namespace: string, path: readonly string[]) => unknown;

/** `namespace:key:key`. */
const metadataOperator =
  (read: MetadataReader): OperatorCompiler =>
  (argument) => {
    const [namespace = '', ...path] = argument.split(':');
    return namespace === '' ? undefined : (context) => text(read(context, namespace, path));
  };

const metadataReaders: Readonly<Record<string, MetadataReader>> = {
  DYNAMIC: (c, namespace, path) => c.dynamicMetadata(namespace, path),
  ROUTE: (c, namespace, path) => c.routeMetadata(namespace, path),
  CLUSTER: (c, namespace, path) => c.clusterMetadata(namespace, path),
  UPSTREAM_HOST: (c, namespace, path) => c.upstreamMetadata?.(namespace, path),
};

const metadataOf = (type: string): OperatorCompiler =>
  metadataOperator(metadataReaders[type] as MetadataReader);

/** `METADATA(TYPE:namespace:key)`. */
const typedMetadata: OperatorCompiler = (argument, place) => {
  const colon = argument.indexOf(':');
  const type = argument.slice(0, Math.max(colon, 0));
  if (!Object.hasOwn(metadataReaders, type)) return undefined;
  return metadataOf(type)(argument.slice(colon + 1), place);
};

/** `KEY`, `KEY:PLAIN`, `KEY:TYPED`, `KEY:FIELD:name`. */
const filterState: OperatorCompiler = (argument) => {
  const [key = '', form = '', field = ''] = argument.split(':');
  if (key === '' || !['', 'PLAIN', 'TYPED', 'FIELD'].includes(form)) return undefined;
  if (form === 'FIELD') return (c) => text(c.filterStateObject?.(key)?.[field]);
  return (c) => c.filterState(key) ?? text(c.filterStateObject?.(key));
};

const celOperator: OperatorCompiler = (argument, { findings, path }) => {
  const expression = compileCelWith(argument, findings, path);
  return (c) => expression.text(c);
};

const grpcStatus: OperatorCompiler = (form) => {
  const print = {
    '': grpcStatusName,
    CAMEL_STRING: grpcStatusName,
    SNAKE_STRING: grpcStatusConstant,
    NUMBER: (status: number) => status,
  }[form];
  if (print === undefined) return undefined;
  return (c) => {
    if (c.grpcStatus === undefined || c.grpcStatus === '') return undefined;
    return print(Number(c.grpcStatus)) ?? c.grpcStatus;
  };
};

/** `PATH(WQ|NQ:ORIG|PATH|ORIG_OR_PATH)`: with or without query, before or after rewrites. */
const pathOperator: OperatorCompiler = (argument) => {
  const [query = '', which = ''] = argument.split(':');
  if (!['', 'WQ', 'NQ'].includes(query)) return undefined;
  const original: HeaderReader = (c) => c.requestHeader('x-envoy-original-path');
  const current: HeaderReader = (c) => c.requestHeader(':path');
  const read = {
    '': current,
    PATH: current,
    ORIG: original,
    ORIG_OR_PATH: (c: FormatContext, name: string) => original(c, name) ?? current(c, name),
  }[which];
  if (read === undefined) return undefined;
  return (c) => {
    const path = read(c, '');
    return path === undefined || query !== 'NQ' ? path : pathOnly(path);
  };
};

const withoutQuery: HeaderReader = (c, name) => {
  const path = c.requestHeader(name);
  return path === undefined ? undefined : pathOnly(path);
};

const queryOperator: OperatorCompiler = (name) =>
  name === '' ? undefined : (c) => queryParameter(c.requestHeader(':path') ?? '', name);

const timeOperator =
  (read: (context: FormatContext) => number | undefined): OperatorCompiler =>
  (argument) => {
    const format = compileTime(argument);
    return (c) => {
      const ms = read(c);
      return ms === undefined ? undefined : format(ms);
    };
  };

const endTimeMs = (c: FormatContext): number => c.startTimeMs + (c.durationMs ?? 0);

/** Operators with an argument in parentheses. */
const parameterised: Readonly<Record<string, OperatorCompiler>> = {
  REQ: headerOperator((c, name) => c.requestHeader(name)),
  RESP: headerOperator((c, name) => c.responseHeader(name)),
  TRAILER: headerOperator((c, name) => c.responseTrailer(name)),
  REQ_WITHOUT_QUERY: headerOperator(withoutQuery),
  PATH: pathOperator,
  QUERY_PARAM: queryOperator,
  START_TIME: timeOperator((c) => c.startTimeMs),
  START_TIME_LOCAL: timeOperator((c) => c.startTimeMs),
  EMIT_TIME: timeOperator(endTimeMs),
  EMIT_TIME_LOCAL: timeOperator(endTimeMs),
  COMMON_DURATION: durationOperator,
  DYNAMIC_METADATA: metadataOf('DYNAMIC'),
  CLUSTER_METADATA: metadataOf('CLUSTER'),
  UPSTREAM_METADATA: metadataOf('UPSTREAM_HOST'),
  METADATA: typedMetadata,
  FILTER_STATE: filterState,
  UPSTREAM_FILTER_STATE: filterState,
  GRPC_STATUS: grpcStatus,
  CEL: celOperator,
  ENVIRONMENT: (argument) => (c) => c.environment(argument),
  // Strings of a handshake may name the host a request falls back to; we have the handshake's only.
  REQUESTED_SERVER_NAME: () => plainOperators['REQUESTED_SERVER_NAME'],
};

/** Operators that stand without their argument too. */
const optional: ReadonlySet<string> = new Set([
  'START_TIME',
  'START_TIME_LOCAL',
  'EMIT_TIME',
  'EMIT_TIME_LOCAL',
  'GRPC_STATUS',
  'PATH',
]);

/** The operator, or undefined when the name or its argument is not known. */
export const findOperator = (
  name: string,
  argument: string | undefined,
  place: Place,
): Operator | undefined => {
  if (argument === undefined) {
    if (optional.has(name)) return parameterised[name]?.('', place);
    return Object.hasOwn(plainOperators, name) ? plainOperators[name] : undefined;
  }
  return Object.hasOwn(parameterised, name) ? parameterised[name]?.(argument, place) : undefined;
};
