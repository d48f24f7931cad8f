import type { IncomingHttpHeaders, Server } from 'node:http';
import {
  type AppOptions,
  type AppReply,
  type AppRequest,
  createApp,
  htmlReply,
  jsonReply,
  readBody,
  textReply,
} from '../../http-app/server.ts';
import { StaticFiles } from '../../http-app/static-files.ts';
import { forwardHeaders } from '../../trace-headers/trace-headers.ts';
import { askBackend, type Backends } from './backend.ts';
import { PRODUCTS, parseBookFacts, parseBookReviews } from './book.ts';
import { renderLanding } from './landing.ts';
import { renderProductPage } from './page.ts';
import {
  cleanUser,
  returnPath,
  sessionCookie,
  userFromCookie,
  userHeaderValue,
} from './session.ts';

/** How a productpage behaves. */
export interface ProductpageOptions {
  readonly backends: Backends;
  readonly podName: string;
  readonly log?: AppOptions['log'];
}

/** A sign-in form is some dozens of bytes. */
const MAX_FORM_BYTES = 16 * 1024;

/** Everything on the page is from here; its forms too. */
const PAGE_HEADERS = {
  'content-security-policy': "default-src 'self'; form-action 'self'; frame-ancestors 'self'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/** The page's server: `/`, `/productpage`, `/login`, `/logout`, `/health`, `/static/*` and `/api/v1/products`. */
export function createProductpage(options: ProductpageOptions): Server {
  const files = new StaticFiles(`${import.meta.dirname}/static`, ['bookinfo.css', 'icon.svg']);
  const landing = renderLanding(options.backends, files);
  const { backends } = options;
  return createApp({
    log: options.log,
    routes: [
      { method: 'GET', path: '/', handle: () => htmlReply(200, landing, PAGE_HEADERS) },
      { method: 'GET', path: '/index.html', handle: () => htmlReply(200, landing, PAGE_HEADERS) },
      { method: 'GET', path: '/health', handle: () => textReply(200, 'Product page is healthy') },
      {
        method: 'GET',
        path: '/productpage',
        handle: (request) => productPage(options, files, request),
      },
      { method: 'POST', path: '/login', handle: logIn },
      { method: 'GET', path: '/logout', handle: ({ headers }) => goBack(headers, undefined) },
      { method: 'GET', path: '/static/*', handle: (request) => files.reply(request) },
      { method: 'GET', path: '/api/v1/products', handle: () => jsonReply(200, PRODUCTS) },
      {
        method: 'GET',
        path: '/api/v1/products/:id',
        handle: (request) => apiAnswer(backends, 'details', request),
      },
      {
        method: 'GET',
        path: '/api/v1/products/:id/reviews',
        handle: (request) => apiAnswer(backends, 'reviews', request),
      },
      {
        method: 'GET',
        path: '/api/v1/products/:id/ratings',
        handle: (request) => apiAnswer(backends, 'ratings', request),
      },
    ],
  });
}

/** Headers for the calls behind: `end-user` is the one signed in here, whatever the client sent by that name. */
function callHeaders(
  incoming: IncomingHttpHeaders,
  user: string | undefined,
): Record<string, string> {
  const headers = forwardHeaders(incoming);
  if (user !== undefined) headers['end-user'] = userHeaderValue(user);
  return headers;
}

async function productPage(
  options: ProductpageOptions,
  files: StaticFiles,
  { headers }: AppRequest,
): Promise<AppReply> {
  const user = userFromCookie(headers.cookie);
  const calls = callHeaders(headers, user);
  const [product] = PRODUCTS;
  if (product === undefined) throw new Error('the shop has no book');
  const [details, reviews] = await Promise.all([
    askBackend(options.backends, 'details', product.id, calls),
    askBackend(options.backends, 'reviews', product.id, calls),
  ]);
  const page = renderProductPage({
    product,
    user,
    podName: options.podName,
    files,
    details: {
      ...details,
      value: details.status === 200 ? parseBookFacts(details.data) : undefined,
    },
    reviews: {
      ...reviews,
      value: reviews.status === 200 ? parseBookReviews(reviews.data) : undefined,
    },
  });
  return htmlReply(200, page, PAGE_HEADERS);
}

async function logIn(request: AppRequest): Promise<AppReply> {
  const body = await readBody(request, MAX_FORM_BYTES);
  if (body === undefined) return textReply(413, 'The form is too long\n');
  const name =
    new URLSearchParams(body.toString()).get('username') ?? request.query.get('username');
  return goBack(request.headers, cleanUser(name ?? ''));
}

function goBack(headers: IncomingHttpHeaders, user: string | undefined): AppReply {
  const location = returnPath(headers.referer);
  return textReply(302, '', { location, 'set-cookie': sessionCookie(user) });
}

async function apiAnswer(
  backends: Backends,
  name: 'details' | 'reviews' | 'ratings',
  request: AppRequest,
): Promise<AppReply> {
  const id = Number(request.params['id']);
  if (!Number.isSafeInteger(id) || id < 0) {
    return jsonReply(400, { error: 'please provide numeric product id' });
  }
  const calls = callHeaders(request.headers, userFromCookie(request.headers.cookie));
  const { status, data } = await askBackend(backends, name, id, calls);
  return jsonReply(status, data);
}
