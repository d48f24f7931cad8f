import type { RuntimeFractionalPercent } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  FractionalPercent_DenominatorType as Denominator,
  type FractionalPercent,
} from '@lateen/xds/gen/envoy/type/v3/percent_pb.js';
import type { Millionths } from './request-head.ts';

/** Certainty. */
export const allMillionths: Millionths = 1_000_000;

const factors: Readonly<Record<number, number>> = {
  [Denominator.HUNDRED]: 10_000,
  [Denominator.TEN_THOUSAND]: 100,
  [Denominator.MILLION]: 1,
};

/** A fraction in millionths, at most all. An absent message gives `fallback`. */
export const millionths = (
  percent: FractionalPercent | undefined,
  fallback: Millionths,
): Millionths => {
  if (percent === undefined) return fallback;
  return Math.min(percent.numerator * (factors[percent.denominator] ?? 10_000), allMillionths);
};

/** The default value of a runtime fraction; runtime keys have no override here. */
export const runtimeMillionths = (
  fraction: RuntimeFractionalPercent | undefined,
  fallback: Millionths,
): Millionths => millionths(fraction?.defaultValue, fallback);
