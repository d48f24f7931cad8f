import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type HeaderValueOption,
} from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import { latin1 } from './data-source.ts';
import type { HeaderMutation, HeaderOperation } from './decision.ts';
import type { Findings } from './findings.ts';
import { compileFormatWith, literalFormat } from './format.ts';
import type { FormatContext } from './format-context.ts';

/** A mutable list of header lines; names are lower-case. */
export interface HeaderList {
  has(name: string): boolean;
  /** One more line at the end. */
  append(name: string, value: string): void;
  /** Replaces every line of that name by one. */
  set(name: string, value: string): void;
  remove(name: string): void;
}

/** Changes nothing. Compared by identity on the hot path. */
export const noHeaderMutation: HeaderMutation = { remove: [], apply: [] };

/** The add and remove fields that routes, virtual hosts, tables and weighted clusters share. */
export interface HeaderMutationFields {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
}

const actions: Readonly<Record<number, HeaderOperation['action']>> = {
  [AppendAction.APPEND_IF_EXISTS_OR_ADD]: 'append',
  [AppendAction.ADD_IF_ABSENT]: 'add-if-absent',
  [AppendAction.OVERWRITE_IF_EXISTS_OR_ADD]: 'overwrite',
  [AppendAction.OVERWRITE_IF_EXISTS]: 'overwrite-if-exists',
};

/** RFC 9110 token, or a pseudo header. */
const headerName = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;

const actionOf = (option: HeaderValueOption): HeaderOperation['action'] => {
  if (option.append !== undefined) return option.append ? 'append' : 'overwrite';
  return actions[option.appendAction] ?? 'append';
};

const textOf = (option: HeaderValueOption): string => {
  const { value = '', rawValue = new Uint8Array() } = option.header ?? {};
  return value === '' ? latin1(rawValue) : value;
};

const compileOperation = (
  option: HeaderValueOption,
  findings: Findings,
  path: string,
): HeaderOperation => {
  const name = (option.header?.key ?? '').toLowerCase();
  if (!headerName.test(name)) {
    findings.error(`${path}.header.key`, 'HeaderInvalid', `'${name}' is not a header name`);
  }
  const value = textOf(option);
  const base = { name, action: actionOf(option) };
  const keepEmpty = option.keepEmptyValue ? { keepEmpty: true } : {};
  const literal = literalFormat(value);
  if (literal !== undefined) {
    if (/[\r\n\0]/.test(literal)) {
      findings.error(`${path}.header.value`, 'HeaderInvalid', 'must not hold CR, LF or NUL');
    }
    return { ...base, value: literal, ...keepEmpty };
  }
  const format = compileFormatWith(value, findings, { empty: '', path: `${path}.header.value` });
  return { ...base, value, format, ...keepEmpty };
};

const compileLists = (
  add: readonly HeaderValueOption[],
  remove: readonly string[],
  findings: Findings,
  path: string,
): HeaderMutation => {
  if (add.length === 0 && remove.length === 0) return noHeaderMutation;
  return {
    remove: remove.map((name) => name.toLowerCase()),
    apply: add.map((option, index) =>
      compileOperation(option, findings, `${path}_headers_to_add[${index}]`),
    ),
  };
};

/** Compiles both directions of a message that changes headers. */
export const compileHeaderMutations = (
  fields: HeaderMutationFields,
  findings: Findings,
  path: string,
): { requestHeaders: HeaderMutation; responseHeaders: HeaderMutation } => ({
  requestHeaders: compileLists(
    fields.requestHeadersToAdd,
    fields.requestHeadersToRemove,
    findings,
    `${path}.request`,
  ),
  responseHeaders: compileLists(
    fields.responseHeadersToAdd,
    fields.responseHeadersToRemove,
    findings,
    `${path}.response`,
  ),
});

/** CR, LF and NUL never reach a header line, whatever a format picked up. */
const sanitize = (value: string): string =>
  /[\r\n\0]/.test(value) ? value.replaceAll(/[\r\n\0]/g, '') : value;

const applyOperation = (
  headers: HeaderList,
  operation: HeaderOperation,
  context: FormatContext,
): void => {
  const { name, action, format } = operation;
  const value = format === undefined ? operation.value : sanitize(format(context));
  if (value === '' && operation.keepEmpty !== true) return;
  if (action === 'append') headers.append(name, value);
  else if (action === 'overwrite') headers.set(name, value);
  else if (headers.has(name) === (action === 'overwrite-if-exists')) headers.set(name, value);
};

/** Applies one mutation: removals first, then the operations in order (Envoy's rule). */
export const applyHeaderMutation = (
  headers: HeaderList,
  mutation: HeaderMutation,
  context: FormatContext,
): void => {
  if (mutation === noHeaderMutation) return;
  for (const name of mutation.remove) headers.remove(name);
  for (const operation of mutation.apply) applyOperation(headers, operation, context);
};

/**
 * Mutations in the order they are applied: most specific first (weighted cluster, route, virtual
 * host, table), reversed when `most_specific_header_mutations_wins`. Those that do nothing are
 * left out.
 */
export const orderHeaderMutations = (
  mostSpecificFirst: readonly (HeaderMutation | undefined)[],
  mostSpecificWins: boolean,
): readonly HeaderMutation[] => {
  const real = mostSpecificFirst.flatMap((mutation) =>
    mutation === undefined || mutation === noHeaderMutation ? [] : [mutation],
  );
  return mostSpecificWins ? real.reverse() : real;
};
