import { create } from '@bufbuild/protobuf';
import {
  type MetadataMatcher,
  MetadataMatcherSchema,
} from '@lateen/xds/gen/envoy/type/matcher/v3/metadata_pb.js';
import { stringMatcher } from '../envoy/string-matcher.ts';
import type { StringMatch } from '../input/string-match.ts';

/** `@request.auth.claims.sub` or `@request.auth.claims[realm][role]`: a header key that means a JWT claim. */
const claimPrefix = '@request.auth.claims';

/** Where the JWT filter leaves the payload of an accepted token. */
const jwtFilter = 'envoy.filters.http.jwt_authn';

/** Whether a key of `headers` is a claim and not a header. */
export const isClaimKey = (key: string): boolean => key.toLowerCase().startsWith(claimPrefix);

/** Claims in the key: dots and brackets both go one level down. */
const claimPath = (key: string): readonly string[] => {
  const rest = key.slice(claimPrefix.length);
  const brackets = [...rest.matchAll(/\[([^\]]*)\]/g)].map(([, claim]) => claim ?? '');
  return brackets.length > 0 ? brackets : rest.split('.').filter((claim) => claim !== '');
};

const claimMatcher = (
  [key, match]: readonly [string, StringMatch],
  invert: boolean,
): MetadataMatcher => {
  const value = { matchPattern: { case: 'stringMatch' as const, value: stringMatcher(match) } };
  return create(MetadataMatcherSchema, {
    filter: jwtFilter,
    path: ['payload', ...claimPath(key)].map((part) => ({
      segment: { case: 'key' as const, value: part },
    })),
    // A claim is a string or a list that has it.
    value: {
      matchPattern: {
        case: 'orMatch',
        value: {
          valueMatchers: [
            value,
            {
              matchPattern: {
                case: 'listMatch',
                value: { matchPattern: { case: 'oneOf', value } },
              },
            },
          ],
        },
      },
    },
    invert,
  });
};

type Entries = readonly (readonly [string, StringMatch])[];

/** The claim conditions among `headers` and `withoutHeaders`. */
export const claimMatchers = (headers: Entries, withoutHeaders: Entries): MetadataMatcher[] => [
  ...headers.filter(([key]) => isClaimKey(key)).map((entry) => claimMatcher(entry, false)),
  ...withoutHeaders.filter(([key]) => isClaimKey(key)).map((entry) => claimMatcher(entry, true)),
];
