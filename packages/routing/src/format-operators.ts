import { compileCelWith } from './cel/cel-expression.ts';
import { networkOperators } from './format-address-operators.ts';
import type { FormatContext, Operator } from './format-context.ts';
import { durationOperator } from './format-durations.ts';
import { metadataOperators } from './format-metadata-operators.ts';
import {
  type OperatorCompiler,
  type OperatorPlace,
  operatorText,
  typedOperator,
} from './format-operator.ts';
import { plainOperators } from './format-plain-operators.ts';
import { compileTime } from './format-time.ts';
import { grpcStatusConstant, grpcStatusName } from './grpc-status.ts';
import { pathOnly, queryParameter, queryText } from './request-path.ts';

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

const celOperator: OperatorCompiler = (argument, { findings, path }) => {
  const expression = compileCelWith(argument, findings, path);
  return (c) => operatorText(expression.text(c));
};

/** As `CEL`, and numbers, booleans, lists and maps stay what they are in JSON logs. */
const typedCelOperator: OperatorCompiler = (argument, { findings, path }) => {
  const expression = compileCelWith(argument, findings, path);
  return typedOperator((c) => expression.plain(c));
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
  const original = (c: FormatContext): string | undefined =>
    c.requestHeader('x-envoy-original-path');
  const current = (c: FormatContext): string | undefined => c.requestHeader(':path');
  const either = (c: FormatContext): string | undefined => original(c) ?? current(c);
  const read = { '': either, ORIG_OR_PATH: either, PATH: current, ORIG: original }[which];
  if (read === undefined) return undefined;
  return (c) => {
    const path = read(c);
    return path === undefined || query !== 'NQ' ? path : pathOnly(path);
  };
};

/** `QUERY_PARAMS(ORIG|DECODED)`. */
const queryParameters: OperatorCompiler = (form) => {
  if (!['', 'ORIG', 'DECODED'].includes(form)) return undefined;
  return (c) => {
    const query = queryText(c.requestHeader(':path') ?? '');
    return form === 'DECODED' ? decoded(query) : query;
  };
};

const decoded = (query: string): string => {
  try {
    return decodeURIComponent(query.replaceAll('+', ' '));
  } catch {
    return query;
  }
};

/** `REQUESTED_SERVER_NAME(SNI_ONLY|SNI_FIRST|HOST_FIRST:ORIG|HOST|ORIG_OR_HOST)`. */
const serverName: OperatorCompiler = (argument) => {
  const [first = '', source = ''] = argument.split(':');
  const original = (c: FormatContext): string | undefined =>
    c.requestHeader('x-envoy-original-host');
  const current = (c: FormatContext): string | undefined => c.requestHeader(':authority');
  const either = (c: FormatContext): string | undefined => original(c) ?? current(c);
  const host = { '': either, ORIG_OR_HOST: either, HOST: current, ORIG: original }[source];
  const sni: Operator = (c) => c.requestedServerName;
  if (host === undefined) return undefined;
  if (first === '' || first === 'SNI_ONLY') return sni;
  if (first === 'HOST_FIRST') return (c) => host(c) ?? c.requestedServerName;
  return first === 'SNI_FIRST' ? (c) => c.requestedServerName || host(c) : undefined;
};

/** `RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)`. */
const codeDetails: OperatorCompiler = (form) =>
  form === 'ALLOW_WHITESPACES' ? (c) => c.responseCodeDetails : undefined;

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

/** One part of `COALESCE`: a name, or a command with its parameter. */
const coalescePart = (part: unknown, place: OperatorPlace): Operator | undefined => {
  if (typeof part === 'string') return findOperator(part, undefined, place);
  if (typeof part !== 'object' || part === null) return undefined;
  const { command, param, max_length: maxLength } = part as Readonly<Record<string, unknown>>;
  if (typeof command !== 'string' || command === 'COALESCE') return undefined;
  const operator = findOperator(command, typeof param === 'string' ? param : undefined, place);
  if (operator === undefined || typeof maxLength !== 'number') return operator;
  return (c) => {
    const value = operator(c);
    return value === undefined ? undefined : String(value).slice(0, maxLength);
  };
};

/** `COALESCE({"operators": [...]})`: the first that gives something. */
const coalesce: OperatorCompiler = (argument, place) => {
  let parts: unknown;
  try {
    parts = (JSON.parse(argument) as { readonly operators?: unknown } | null)?.operators;
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length === 0) return undefined;
  const operators = parts.map((part) => coalescePart(part, place));
  if (operators.includes(undefined)) return undefined;
  return (c) => {
    for (const operator of operators) {
      const value = operator?.(c);
      if (value !== undefined && value !== '') return value;
    }
    return undefined;
  };
};

const requestHeader = headerOperator((c, name) => c.requestHeader(name));
const responseHeader = headerOperator((c, name) => c.responseHeader(name));
const responseTrailer = headerOperator((c, name) => c.responseTrailer(name));

/** Operators with an argument in parentheses. */
const parameterised: Readonly<Record<string, OperatorCompiler>> = {
  ...metadataOperators,
  ...networkOperators,
  REQ: requestHeader,
  REQUEST_HEADER: requestHeader,
  RESP: responseHeader,
  RESPONSE_HEADER: responseHeader,
  TRAILER: responseTrailer,
  RESPONSE_TRAILER: responseTrailer,
  REQ_WITHOUT_QUERY: headerOperator(withoutQuery),
  PATH: pathOperator,
  QUERY_PARAM: queryOperator,
  QUERY_PARAMS: queryParameters,
  START_TIME: timeOperator((c) => c.startTimeMs),
  START_TIME_LOCAL: timeOperator((c) => c.startTimeMs),
  EMIT_TIME: timeOperator(endTimeMs),
  EMIT_TIME_LOCAL: timeOperator(endTimeMs),
  DOWNSTREAM_PEER_CERT_V_START: timeOperator((c) => c.downstreamTls?.peer?.validFromMs),
  DOWNSTREAM_PEER_CERT_V_END: timeOperator((c) => c.downstreamTls?.peer?.validToMs),
  UPSTREAM_PEER_CERT_V_START: timeOperator((c) => c.upstreamTls?.peer?.validFromMs),
  UPSTREAM_PEER_CERT_V_END: timeOperator((c) => c.upstreamTls?.peer?.validToMs),
  COMMON_DURATION: durationOperator,
  RESPONSE_CODE_DETAILS: codeDetails,
  REQUESTED_SERVER_NAME: serverName,
  GRPC_STATUS: grpcStatus,
  CEL: celOperator,
  TYPED_CEL: typedCelOperator,
  COALESCE: coalesce,
  ENVIRONMENT: (argument) => (c) => operatorText(c.environment(argument)),
};

/** Operators that stand without their argument too. */
const optional: ReadonlySet<string> = new Set([
  'START_TIME',
  'START_TIME_LOCAL',
  'EMIT_TIME',
  'EMIT_TIME_LOCAL',
  'DOWNSTREAM_PEER_CERT_V_START',
  'DOWNSTREAM_PEER_CERT_V_END',
  'UPSTREAM_PEER_CERT_V_START',
  'UPSTREAM_PEER_CERT_V_END',
  'GRPC_STATUS',
  'PATH',
  'QUERY_PARAMS',
]);

/** The operator, or undefined when the name or its argument is not known. */
export function findOperator(
  name: string,
  argument: string | undefined,
  place: OperatorPlace,
): Operator | undefined {
  if (argument === undefined) {
    if (optional.has(name)) return parameterised[name]?.('', place);
    return Object.hasOwn(plainOperators, name) ? plainOperators[name] : undefined;
  }
  return Object.hasOwn(parameterised, name) ? parameterised[name]?.(argument, place) : undefined;
}
