import type { OutboundHttp } from '../../outbound-http/outbound-http.ts';
import type { ServiceAddress } from '../service-address.ts';

/** The services behind the page and how patient it is with them. */
export interface Backends {
  readonly details: ServiceAddress;
  readonly reviews: ServiceAddress;
  readonly ratings: ServiceAddress;
  readonly outbound: OutboundHttp;
  /** For one attempt, in milliseconds. */
  readonly timeoutMs: number;
}

/** What a service answered, and what it took to get it. */
export interface BackendAnswer {
  /** 200, or the status for the API's client; 500 when there was no answer. */
  readonly status: number;
  /** The service's JSON with status 200, `{error}` with any other. */
  readonly data: unknown;
  readonly attempts: number;
  readonly elapsedMs: number;
}

/** Attempts towards reviews: with 3 s each the page gives up after 6 s, which the fault injection exercise relies on. */
const REVIEWS_ATTEMPTS = 2;

/** The error texts that tutorials look for. */
const UNAVAILABLE = {
  details: 'Sorry, product details are currently unavailable for this book.',
  reviews: 'Sorry, product reviews are currently unavailable for this book.',
  ratings: 'Sorry, product ratings are currently unavailable for this book.',
} as const;

/** Asks one of the services for book `id`; never rejects. Reviews are asked twice, as upstream does. */
export async function askBackend(
  backends: Backends,
  name: 'details' | 'reviews' | 'ratings',
  id: number,
  headers: Readonly<Record<string, string>>,
): Promise<BackendAnswer> {
  const { url, endpoint } = backends[name];
  const { outbound, timeoutMs } = backends;
  const limit = name === 'reviews' ? REVIEWS_ATTEMPTS : 1;
  const startMs = performance.now();
  let status = 500;
  for (let attempts = 1; ; attempts++) {
    const result = await outbound.get(`${url}/${endpoint}/${id}`, { headers, timeoutMs });
    const data = result.kind === 'answer' && result.status === 200 ? parse(result.body) : undefined;
    const elapsedMs = performance.now() - startMs;
    if (data !== undefined) return { status: 200, data, attempts, elapsedMs };
    status = result.kind === 'answer' && result.status !== 200 ? result.status : 500;
    if (attempts === limit) {
      return { status, data: { error: UNAVAILABLE[name] }, attempts, elapsedMs };
    }
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
