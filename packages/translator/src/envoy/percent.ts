import { create } from '@bufbuild/protobuf';
import {
  type FractionalPercent,
  FractionalPercent_DenominatorType,
  FractionalPercentSchema,
} from '@lateen/xds/gen/envoy/type/v3/percent_pb.js';

/** Millionths in one percent. */
const millionthsInPercent = 10_000;

/** Percent from 0 to 100 over a million, as Istio writes it: 0.0001 % is the smallest share. */
export const fractionalPercent = (percent: number): FractionalPercent =>
  create(FractionalPercentSchema, {
    numerator: Math.trunc(Math.min(Math.max(percent, 0), 100) * millionthsInPercent),
    denominator: FractionalPercent_DenominatorType.MILLION,
  });
