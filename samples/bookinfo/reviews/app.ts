import type { IncomingHttpHeaders, Server } from 'node:http';
import { type AppOptions, createApp, jsonReply } from '../../http-app/server.ts';
import type { OutboundHttp } from '../../outbound-http/outbound-http.ts';
import { forwardHeaders } from '../../trace-headers/trace-headers.ts';
import type { ServiceAddress } from '../service-address.ts';

/** Where and how a reviews service gets ratings: what makes version 2 (black) and version 3 (red). */
export interface RatingsSource {
  readonly service: ServiceAddress;
  readonly outbound: OutboundHttp;
  readonly timeoutMs: number;
  /** The colour the page paints the stars in. */
  readonly starColor: string;
}

/** How a reviews service behaves. */
export interface ReviewsOptions {
  /** Not set: no ratings, as version 1. */
  readonly ratings?: RatingsSource;
  readonly podName: string;
  readonly clusterName: string;
  readonly log?: AppOptions['log'];
}

interface Review {
  readonly reviewer: string;
  readonly text: string;
  readonly rating?: { readonly stars: number; readonly color: string } | { readonly error: string };
}

const REVIEWS: readonly Review[] = [
  {
    reviewer: 'Reviewer1',
    text: 'An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!',
  },
  {
    reviewer: 'Reviewer2',
    text: 'Absolutely fun and entertaining. The play lacks thematic depth when compared to other plays by Shakespeare.',
  },
];

const RATINGS_UNAVAILABLE = 'Ratings service is currently unavailable';

/** The reviews service: `/health` and `/reviews/:id`. */
export function createReviews(options: ReviewsOptions): Server {
  return createApp({
    log: options.log,
    routes: [
      {
        method: 'GET',
        path: '/health',
        handle: () => jsonReply(200, { status: 'Reviews is healthy' }),
      },
      {
        method: 'GET',
        path: '/reviews/:id',
        handle: async ({ params, headers }) => {
          const id = params['id'] ?? '';
          if (!/^\d{1,9}$/.test(id)) {
            return jsonReply(400, { error: 'please provide numeric product id' });
          }
          return jsonReply(200, {
            id,
            podname: options.podName,
            clustername: options.clusterName,
            reviews: await ratedReviews(options.ratings, id, headers),
          });
        },
      },
    ],
  });
}

async function ratedReviews(
  source: RatingsSource | undefined,
  id: string,
  headers: IncomingHttpHeaders,
): Promise<readonly Review[]> {
  if (source === undefined) return REVIEWS;
  const stars = await fetchStars(source, id, headers);
  return REVIEWS.map((review) => {
    const count = stars.get(review.reviewer);
    const rating =
      count === undefined
        ? { error: RATINGS_UNAVAILABLE }
        : { stars: count, color: source.starColor };
    return { ...review, rating };
  });
}

/** Stars by reviewer; empty when the ratings service fails in any way. */
async function fetchStars(
  source: RatingsSource,
  id: string,
  incoming: IncomingHttpHeaders,
): Promise<ReadonlyMap<string, number>> {
  const { service, timeoutMs } = source;
  const headers = forwardHeaders(incoming, ['end-user']);
  const result = await source.outbound.get(`${service.url}/${service.endpoint}/${id}`, {
    headers,
    timeoutMs,
  });
  if (result.kind === 'failure') {
    process.stderr.write(`reviews: no ratings, ${result.reason}: ${result.text}\n`);
    return new Map();
  }
  if (result.status !== 200) {
    process.stderr.write(`reviews: no ratings, status ${result.status}\n`);
    return new Map();
  }
  return parseStars(result.body);
}

function parseStars(body: string): ReadonlyMap<string, number> {
  try {
    const ratings: unknown = JSON.parse(body)?.ratings;
    if (typeof ratings !== 'object' || ratings === null) return new Map();
    return new Map(
      Object.entries(ratings).filter(
        (entry): entry is [string, number] => typeof entry[1] === 'number',
      ),
    );
  } catch {
    return new Map();
  }
}
