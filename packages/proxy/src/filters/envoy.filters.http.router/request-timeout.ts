import type { ForwardAction } from '@lateen/routing';
import type { Exchange } from '../../http/exchange.ts';

/** What upstreams are told they have (`x-envoy-expected-rq-timeout-ms`), of a time-out above 0. */
export const expectedTimeoutMs = ({ retry }: ForwardAction, timeoutMs: number): number => {
  const perTry = retry?.perTryTimeoutMs ?? 0;
  return perTry > 0 ? Math.min(perTry, timeoutMs) : timeoutMs;
};

/** Milliseconds in each unit of `grpc-timeout`. */
const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** Value of a `grpc-timeout` header in milliseconds; undefined: not well-formed. */
export const parseGrpcTimeout = (value: string): number | undefined => {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value);
  const unit = unitMs[match?.[2] ?? ''];
  return unit === undefined ? undefined : Math.ceil(Number(match?.[1]) * unit);
};

/**
 * Time the whole request may take, 0: no bound. The route's, but for gRPC calls on routes that
 * honour `grpc-timeout`: the client's word up to the route's cap (Envoy's `finalTimeout`).
 */
export const requestTimeoutMs = (exchange: Exchange, action: ForwardAction): number => {
  const { maxGrpcTimeoutMs: most, grpcTimeoutOffsetMs: offset, timeoutMs } = action;
  if (most === undefined) return timeoutMs;
  if (exchange.header('content-type')?.startsWith('application/grpc') !== true) return timeoutMs;
  const asked = parseGrpcTimeout(exchange.header('grpc-timeout') ?? '') ?? 0;
  const wanted = asked > offset ? asked - offset : asked;
  return most > 0 && (wanted === 0 || wanted > most) ? most : wanted;
};
