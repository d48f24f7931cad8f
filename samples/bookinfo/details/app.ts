import type { Server } from 'node:http';
import { type AppOptions, createApp, jsonReply } from '../../http-app/server.ts';
import type { OutboundHttp } from '../../outbound-http/outbound-http.ts';
import { forwardHeaders } from '../../trace-headers/trace-headers.ts';

/** What the details service knows of a book; the field names are its JSON. */
interface BookDetails {
  readonly id: number;
  readonly author: string;
  readonly year: number;
  readonly type: string;
  readonly pages: number;
  readonly publisher: string;
  readonly language: string;
  readonly 'ISBN-10': string;
  readonly 'ISBN-13': string;
}

/** The library outside the mesh that details v2 asks. */
export interface ExternalLibrary {
  /** Such as `http://www.googleapis.com:443`: plain HTTP, for the mesh to originate TLS. */
  readonly url: string;
  readonly outbound: OutboundHttp;
  readonly timeoutMs: number;
}

/** How a details service behaves. */
export interface DetailsOptions {
  /** Set: look the book up there, as version 2 does; not set: own data, as version 1. */
  readonly library?: ExternalLibrary;
  readonly log?: AppOptions['log'];
}

const OWN_DATA: Omit<BookDetails, 'id'> = {
  author: 'William Shakespeare',
  year: 1595,
  type: 'paperback',
  pages: 200,
  publisher: 'PublisherA',
  language: 'English',
  'ISBN-10': '1234567890',
  'ISBN-13': '123-1234567890',
};

/** The edition of The Comedy of Errors that version 2 looks up. */
const LIBRARY_ISBN = '0486424618';

/** The details service: `/health` and `/details/:id`. */
export function createDetails(options: DetailsOptions): Server {
  return createApp({
    log: options.log,
    routes: [
      {
        method: 'GET',
        path: '/health',
        handle: () => jsonReply(200, { status: 'Details is healthy' }),
      },
      {
        method: 'GET',
        path: '/details/:id',
        handle: async ({ params, headers }) => {
          const id = Number(params['id']);
          if (!Number.isInteger(id)) {
            return jsonReply(400, { error: 'please provide numeric product id' });
          }
          if (options.library === undefined) return jsonReply(200, { id, ...OWN_DATA });
          const book = await lookUp(options.library, id, forwardHeaders(headers));
          return book === undefined
            ? jsonReply(500, { error: 'The library outside does not answer' })
            : jsonReply(200, book);
        },
      },
    ],
  });
}

async function lookUp(
  library: ExternalLibrary,
  id: number,
  headers: Record<string, string>,
): Promise<BookDetails | undefined> {
  const url = `${library.url}/books/v1/volumes?q=isbn:${LIBRARY_ISBN}`;
  const result = await library.outbound.get(url, { headers, timeoutMs: library.timeoutMs });
  if (result.kind !== 'answer' || result.status !== 200) return undefined;
  return parseVolume(id, result.body);
}

/** Reads the first volume of a Google Books answer; undefined when it has none. */
function parseVolume(id: number, body: string): BookDetails | undefined {
  let volume: Record<string, unknown> | undefined;
  try {
    volume = JSON.parse(body)?.items?.[0]?.volumeInfo;
  } catch {
    return undefined;
  }
  if (typeof volume !== 'object' || volume === null) return undefined;
  const isbn = (type: string): string =>
    textOf(listOf(volume['industryIdentifiers']).find((entry) => entry?.type === type)?.identifier);
  return {
    id,
    author: textOf(listOf(volume['authors'])[0]),
    year: Number.parseInt(textOf(volume['publishedDate']), 10) || 0,
    type: volume['printType'] === 'BOOK' ? 'paperback' : 'unknown',
    pages: typeof volume['pageCount'] === 'number' ? volume['pageCount'] : 0,
    publisher: textOf(volume['publisher']),
    language: volume['language'] === 'en' ? 'English' : 'unknown',
    'ISBN-10': isbn('ISBN_10'),
    'ISBN-13': isbn('ISBN_13'),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : 'unknown';
}

// biome-ignore lint/suspicious/noExplicitAny: entries of foreign JSON, each looked at through textOf
function listOf(value: unknown): readonly any[] {
  return Array.isArray(value) ? value : [];
}
