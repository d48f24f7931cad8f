import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { packAny } from '@lateen/xds';
import { CorsPolicySchema } from '@lateen/xds/gen/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { FractionalPercent_DenominatorType } from '@lateen/xds/gen/envoy/type/v3/percent_pb.js';
import { stringMatcher } from '../envoy/string-matcher.ts';
import type { Cors } from '../input/virtual-service.ts';

/** Filter name, also the key of its per-route config. */
export const corsFilter = 'envoy.filters.http.cors';

/** Deprecated `allowOrigin` is a list of exact values; `*` takes all. */
const originMatchers = ({ allowOrigins, allowOrigin }: Cors) =>
  allowOrigins.length > 0
    ? allowOrigins.map(stringMatcher)
    : allowOrigin.map((origin) =>
        stringMatcher(
          origin === '*'
            ? { exact: undefined, prefix: undefined, regex: '.*' }
            : { exact: origin, prefix: undefined, regex: undefined },
        ),
      );

/** Per-route config of the CORS filter. */
export const corsConfig = (cors: Cors): Any =>
  packAny(
    CorsPolicySchema,
    create(CorsPolicySchema, {
      allowOriginStringMatch: originMatchers(cors),
      allowMethods: cors.allowMethods.join(','),
      allowHeaders: cors.allowHeaders.join(','),
      exposeHeaders: cors.exposeHeaders.join(','),
      maxAge: cors.maxAge === undefined ? '' : String(Math.trunc(cors.maxAge / 1000)),
      ...(cors.allowCredentials !== undefined && { allowCredentials: cors.allowCredentials }),
      filterEnabled: {
        defaultValue: { numerator: 100, denominator: FractionalPercent_DenominatorType.HUNDRED },
      },
      forwardNotMatchingPreflights: cors.unmatchedPreflights !== 'IGNORE',
    }),
  );
