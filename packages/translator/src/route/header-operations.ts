import { create } from '@bufbuild/protobuf';
import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction,
  HeaderValueOptionSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import type { HeaderOperations, Headers } from '../input/virtual-service.ts';

/** Header changes as Envoy's route fields, and the Host the rule asks for by them. */
export interface TranslatedHeaders {
  readonly fields: {
    readonly requestHeadersToAdd: HeaderValueOption[];
    readonly requestHeadersToRemove: string[];
    readonly responseHeadersToAdd: HeaderValueOption[];
    readonly responseHeadersToRemove: string[];
  };
  /** '' when the rule does not set it. */
  readonly authority: string;
}

const isAuthority = (name: string): boolean => /^(?::authority|host)$/i.test(name);

/** `:method`, `:path` and the like cannot be changed by header operations. */
const isInternal = (name: string): boolean => name.startsWith(':') || /^host$/i.test(name);

const option = (
  [key, value]: readonly [string, string],
  appendAction: HeaderValueOption_HeaderAppendAction,
): HeaderValueOption => create(HeaderValueOptionSchema, { header: { key, value }, appendAction });

const sorted = (entries: ReadonlyMap<string, string>): [string, string][] =>
  [...entries]
    .filter(([name]) => !isInternal(name))
    .sort(([left], [right]) => (left < right ? -1 : Number(left > right)));

/** `set` overwrites, `add` appends; in this order, as Istio writes them. */
const toAdd = ({ set, add }: HeaderOperations): HeaderValueOption[] => [
  ...sorted(set).map((entry) =>
    option(entry, HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD),
  ),
  ...sorted(add).map((entry) =>
    option(entry, HeaderValueOption_HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD),
  ),
];

const authorityOf = ({ set, add }: HeaderOperations): string =>
  [...set, ...add].find(([name]) => isAuthority(name))?.[1] ?? '';

const noHeaders: TranslatedHeaders = {
  fields: {
    requestHeadersToAdd: [],
    requestHeadersToRemove: [],
    responseHeadersToAdd: [],
    responseHeadersToRemove: [],
  },
  authority: '',
};

/** `headers` of a rule or of one destination. */
export const translateHeaders = (headers: Headers | undefined): TranslatedHeaders => {
  if (headers === undefined) return noHeaders;
  const { request, response } = headers;
  return {
    fields: {
      requestHeadersToAdd: toAdd(request),
      requestHeadersToRemove: request.remove.filter((name) => !isInternal(name)),
      responseHeadersToAdd: toAdd(response),
      responseHeadersToRemove: response.remove.filter((name) => !isInternal(name)),
    },
    authority: authorityOf(request),
  };
};
