import type { Server } from 'node:http';
import { type AppOptions, createApp, jsonReply, readBody } from '../../http-app/server.ts';

/** Stars by reviewer. */
type Ratings = Readonly<Record<string, number>>;

const FIRST_RATINGS: Ratings = { Reviewer1: 5, Reviewer2: 4 };

/** A posted set of ratings is some dozens of bytes. */
const MAX_POST_BYTES = 16 * 1024;

/** Products whose posted ratings are kept, so that posting cannot fill the memory; the oldest goes first. */
const MAX_PRODUCTS = 1000;

/** The ratings service: `/health`, and `/ratings/:id` to read and to set. */
export function createRatings(options: { readonly log?: AppOptions['log'] }): Server {
  const posted = new Map<number, Ratings>();
  const noNumber = jsonReply(400, { error: 'please provide numeric product ID' });
  return createApp({
    log: options.log,
    routes: [
      {
        method: 'GET',
        path: '/health',
        handle: () => jsonReply(200, { status: 'Ratings is healthy' }),
      },
      {
        method: 'GET',
        path: '/ratings/:id',
        handle: ({ params }) => {
          const id = Number(params['id']);
          if (!Number.isInteger(id)) return noNumber;
          return jsonReply(200, { id, ratings: posted.get(id) ?? FIRST_RATINGS });
        },
      },
      {
        method: 'POST',
        path: '/ratings/:id',
        handle: async (request) => {
          const id = Number(request.params['id']);
          if (!Number.isInteger(id)) return noNumber;
          const ratings = parseRatings(await readBody(request, MAX_POST_BYTES));
          if (ratings === undefined) {
            return jsonReply(400, { error: 'please provide valid ratings JSON' });
          }
          posted.delete(id);
          posted.set(id, ratings);
          const oldest = posted.keys().next().value;
          if (posted.size > MAX_PRODUCTS && oldest !== undefined) posted.delete(oldest);
          return jsonReply(200, { id, ratings });
        },
      },
    ],
  });
}

function parseRatings(body: Buffer | undefined): Ratings | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body?.toString() ?? '');
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const stars = Object.values(value);
  return stars.every((count) => typeof count === 'number') ? (value as Ratings) : undefined;
}
