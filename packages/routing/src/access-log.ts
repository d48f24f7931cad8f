import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type AccessLog,
  type AccessLogFilter,
  type ComparisonFilter,
  ComparisonFilter_Op,
} from '@lateen/xds/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import type { SubstitutionFormatString } from '@lateen/xds/gen/envoy/config/core/v3/substitution_format_string_pb.js';
import {
  type FileAccessLog,
  FileAccessLogSchema,
} from '@lateen/xds/gen/envoy/extensions/access_loggers/file/v3/file_pb.js';
import {
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from '@lateen/xds/gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js';
import { holds, unpack } from './any-message.ts';
import { dataSource, latin1 } from './data-source.ts';
import type { Findings } from './findings.ts';
import { compileFormatWith, compileJsonFormatWith } from './format.ts';
import type { Format, FormatContext } from './format-context.ts';
import { compileHeaderCondition } from './header-condition.ts';

/** Where access-log lines go and how they read (`envoy.config.accesslog.v3.AccessLog`). */
export interface AccessLogSettings {
  readonly name: string;
  readonly sink:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'stdout' }
    | { readonly kind: 'stderr' }
    /** A sink of another kind, kept for those who know it. */
    | { readonly kind: 'other'; readonly typeUrl: string; readonly value: Uint8Array };
  /** One line with its newline. Unused by `other` sinks. */
  readonly format: Format;
  /** False: this request is not logged. */
  accepts(context: FormatContext): boolean;
}

/** Envoy's format when a log names none. */
const defaultFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ' +
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" ' +
  '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

type Filter = (context: FormatContext) => boolean;

const comparison = (filter: ComparisonFilter | undefined): ((value: number) => boolean) => {
  const limit = filter?.value?.defaultValue ?? 0;
  if (filter?.op === ComparisonFilter_Op.GE) return (value) => value >= limit;
  if (filter?.op === ComparisonFilter_Op.LE) return (value) => value <= limit;
  return (value) => value === limit;
};

const compileFlags = (flags: readonly string[]): Filter => {
  const wanted = new Set(flags);
  return (context) => {
    const seen = context.responseFlags ?? '';
    if (seen === '' || seen === '-') return false;
    return wanted.size === 0 || seen.split(',').some((flag) => wanted.has(flag));
  };
};

/** Filters of filters deeper than this are refused: the bound of the recursion. */
const maxFilterDepth = 16;

const compileAll = (
  filters: readonly AccessLogFilter[],
  findings: Findings,
  path: string,
  depth: number,
): readonly Filter[] =>
  filters.map((filter, index) =>
    compileFilter(filter, findings, `${path}.filters[${index}]`, depth + 1),
  );

function compileFilter(
  message: AccessLogFilter | undefined,
  findings: Findings,
  path: string,
  depth = 0,
): Filter {
  const filter = message?.filterSpecifier;
  if (filter?.case === undefined || depth > maxFilterDepth) return () => true;
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
      if (filter.value.header === undefined) return () => true;
      const header = compileHeaderCondition(filter.value.header, findings, `${path}.header`);
      return (context) => header.matches(context.requestHeader(header.name));
    }
    case 'andFilter': {
      const all = compileAll(filter.value.filters, findings, path, depth);
      return (context) => all.every((accepts) => accepts(context));
    }
    case 'orFilter': {
      const any = compileAll(filter.value.filters, findings, path, depth);
      return (context) => any.some((accepts) => accepts(context));
    }
    default:
      findings.warning(
        path,
        'FieldUnsupported',
        `${filter.case} is not known: everything is logged`,
      );
      return () => true;
  }
}

const compileSubstitution = (
  format: SubstitutionFormatString,
  findings: Findings,
  path: string,
): Format => {
  const specifier = format.format;
  const empty = format.omitEmptyValues ? '' : '-';
  if (specifier.case === 'textFormat') {
    const at = `${path}.text_format`;
    return compileFormatWith(specifier.value, findings, { path: at, empty });
  }
  if (specifier.case === 'jsonFormat') {
    const options = { path: `${path}.json_format`, omitEmpty: format.omitEmptyValues };
    return compileJsonFormatWith(specifier.value, findings, options);
  }
  const source = specifier.case === 'textFormatSource' ? dataSource(specifier.value) : undefined;
  if (source?.kind === 'inline') {
    const text = latin1(source.bytes);
    return compileFormatWith(text, findings, { path: `${path}.text_format_source`, empty });
  }
  findings.error(path, 'FieldInvalid', 'a text, JSON or inline format is required');
  return () => '';
};

const compileFileFormat = (log: FileAccessLog, findings: Findings, path: string): Format => {
  const format = log.accessLogFormat;
  switch (format.case) {
    case 'format':
      return format.value === ''
        ? compileFormatWith(defaultFormat, findings)
        : compileFormatWith(format.value, findings, { path: `${path}.format` });
    case 'jsonFormat':
    case 'typedJsonFormat':
      return compileJsonFormatWith(format.value, findings, {
        path: `${path}.json_format`,
        omitEmpty: false,
      });
    case 'logFormat':
      return compileSubstitution(format.value, findings, `${path}.log_format`);
    default:
      return compileFormatWith(defaultFormat, findings);
  }
};

/** Paths that mean a standard stream, whatever the platform calls it. */
const streams: Readonly<Record<string, AccessLogSettings['sink']>> = {
  '/dev/stdout': { kind: 'stdout' },
  '/dev/stderr': { kind: 'stderr' },
};

type Target = Pick<AccessLogSettings, 'sink' | 'format'>;

const compileTarget = (any: Any, findings: Findings, path: string): Target => {
  if (holds(any, FileAccessLogSchema)) {
    const log = unpack(any, FileAccessLogSchema, findings, path);
    const file = log?.path ?? '';
    const sink = Object.hasOwn(streams, file) ? streams[file] : undefined;
    const format = log === undefined ? () => '' : compileFileFormat(log, findings, path);
    return { sink: sink ?? { kind: 'file', path: file }, format };
  }
  for (const [schema, kind] of [
    [StdoutAccessLogSchema, 'stdout'],
    [StderrAccessLogSchema, 'stderr'],
  ] as const) {
    if (!holds(any, schema)) continue;
    const format = unpack(any, schema, findings, path)?.accessLogFormat;
    return {
      sink: { kind },
      format:
        format?.case === 'logFormat'
          ? compileSubstitution(format.value, findings, `${path}.log_format`)
          : compileFormatWith(defaultFormat, findings),
    };
  }
  return { sink: { kind: 'other', typeUrl: any.typeUrl, value: any.value }, format: () => '' };
};

/** Compiles a list of access logs. */
export const compileAccessLogs = (
  logs: readonly AccessLog[],
  findings: Findings,
  path: string,
): readonly AccessLogSettings[] =>
  logs.flatMap((log, index) => {
    const at = `${path}[${index}]`;
    if (log.configType.case !== 'typedConfig') return [];
    const target = compileTarget(log.configType.value, findings, `${at}.typed_config`);
    const accepts = compileFilter(log.filter, findings, `${at}.filter`);
    return [{ name: log.name, ...target, accepts }];
  });
