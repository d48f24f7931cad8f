import { allMillionths } from './fraction.ts';
import type { Dice } from './request-head.ts';
import type { SamplingRates, TracingSettings } from './tracing-settings.ts';

/** Why a request is traced, or that it is not (Envoy's `Tracing::Reason`). */
export type TraceReason = 'not-traceable' | 'sampling' | 'client-forced' | 'service-forced';

/** What the decision looks at. */
export interface SampledRequest {
  /** `x-request-id` as it goes upstream. */
  readonly requestId: string | undefined;
  /** `x-client-trace-id` is there. */
  readonly hasClientTraceId: boolean;
  /** `x-envoy-force-trace` is there. */
  readonly isForced: boolean;
}

/** Characters of a UUID in its usual form, and where the version stands: it tells the reason. */
const uuidLength = 36;
const reasonAt = 14;

/** Envoy's digits: 4 is the version of a random UUID. */
const reasonDigits: Readonly<Record<TraceReason, string>> = {
  'not-traceable': '4',
  'service-forced': '9',
  sampling: 'a',
  'client-forced': 'b',
};

const digit9 = 57;
const digitA = 97;
const digitB = 98;

/** The reason that an earlier proxy wrote into a request id. */
export const readTraceReason = (requestId: string): TraceReason => {
  if (requestId.length !== uuidLength) return 'not-traceable';
  const digit = requestId.charCodeAt(reasonAt);
  if (digit === digitA) return 'sampling';
  if (digit === digit9) return 'service-forced';
  return digit === digitB ? 'client-forced' : 'not-traceable';
};

/** The request id with a reason; one of another form stays as it is. */
export const packTraceReason = (requestId: string, reason: TraceReason): string =>
  requestId.length === uuidLength
    ? requestId.slice(0, reasonAt) + reasonDigits[reason] + requestId.slice(reasonAt + 1)
    : requestId;

/** Leading hex digits of a request id that make its number. */
const numberDigits = 8;
/** The number counts modulo this (Envoy's unit of sampling: a hundredth of a percent). */
const shares = 10_000;

const hexDigit = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
};

/** The number of a request id, in millionths of the whole: alike at every proxy. -1: it has none. */
const idMillionths = (requestId: string): number => {
  if (requestId.length < numberDigits) return -1;
  let value = 0;
  for (let at = 0; at < numberDigits; at++) {
    const digit = hexDigit(requestId.charCodeAt(at));
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return (value % shares) * (allMillionths / shares);
};

const freshReason = (
  request: SampledRequest,
  rates: SamplingRates,
  drawn: number,
  dice: Dice,
): TraceReason => {
  if (request.hasClientTraceId && dice(allMillionths) < rates.client) return 'client-forced';
  if (request.isForced) return 'service-forced';
  return drawn < rates.random ? 'sampling' : 'not-traceable';
};

/**
 * Decides whether a request is traced, as Envoy's connection manager does: what an earlier proxy
 * decided stands; else who asks for it is traced, and of the rest a share, drawn with the request id.
 * A trace context in the request outweighs the answer later. `rates`: the route's or the listener's.
 */
export const sampleRequest = (
  request: SampledRequest,
  settings: Pick<TracingSettings, 'usesRequestId'>,
  rates: SamplingRates,
  dice: Dice,
): TraceReason => {
  if (!settings.usesRequestId) return 'sampling';
  const { requestId } = request;
  const drawn = requestId === undefined ? -1 : idMillionths(requestId);
  if (requestId === undefined || drawn < 0) return 'not-traceable';
  const before = readTraceReason(requestId);
  const reason = before === 'not-traceable' ? freshReason(request, rates, drawn, dice) : before;
  return reason === 'not-traceable' || drawn < rates.overall ? reason : 'not-traceable';
};
