import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AppHandler,
  type AppOptions,
  type AppReply,
  type AppRequest,
  type AppRoute,
  createApp,
  readBody,
  textReply,
} from '../http-app/server.ts';

/** The longest that `/delay` waits, as httpbin has it. */
const MAX_DELAY_S = 10;

/** The most that `/bytes` and `/stream-bytes` send, as httpbin has it. */
const MAX_BYTES = 100 * 1024;

/** The most lines that `/stream` sends, as httpbin has it. */
const MAX_LINES = 100;

/** The longest chain that `/redirect` makes. */
const MAX_REDIRECTS = 20;

/** The longest body that is echoed. */
const MAX_ECHO_BYTES = 1 << 20;

const TEAPOT = `
      _______
  ___/       \\___
 (   I'm a teapot )
  \\___________/
`;

/** The part of httpbin that mesh tutorials use. */
export function createHttpbin(options: { readonly log?: AppOptions['log'] }): Server {
  const echoes = ['post', 'put', 'patch', 'delete'].map(
    (name): AppRoute => ({ method: name.toUpperCase(), path: `/${name}`, handle: echoBody }),
  );
  return createApp({
    log: options.log,
    routes: [
      { method: 'GET', path: '/', handle: () => textReply(200, 'httpbin\n') },
      { method: 'GET', path: '/get', handle: (request) => pretty(echo(request)) },
      ...echoes,
      { method: '*', path: '/anything', handle: echoAnything },
      { method: '*', path: '/anything/*', handle: echoAnything },
      { method: 'GET', path: '/headers', handle: ({ raw }) => pretty({ headers: headersOf(raw) }) },
      { method: 'GET', path: '/ip', handle: ({ raw }) => pretty({ origin: origin(raw) }) },
      {
        method: 'GET',
        path: '/user-agent',
        handle: ({ headers }) => pretty({ 'user-agent': headers['user-agent'] ?? null }),
      },
      { method: 'GET', path: '/uuid', handle: () => pretty({ uuid: randomUUID() }) },
      { method: '*', path: '/status/:codes', handle: status },
      { method: '*', path: '/delay/:seconds', handle: delay },
      { method: 'GET', path: '/bytes/:count', handle: bytes },
      { method: 'GET', path: '/stream-bytes/:count', handle: streamBytes },
      { method: 'GET', path: '/stream/:count', handle: streamLines },
      { method: 'GET', path: '/response-headers', handle: responseHeaders },
      { method: 'GET', path: '/redirect/:count', handle: redirect },
      {
        method: 'GET',
        path: '/cookies',
        handle: ({ headers }) => pretty({ cookies: cookies(headers.cookie) }),
      },
    ],
  });
}

function pretty(value: unknown, code = 200): AppReply {
  const body = `${JSON.stringify(value, null, 2)}\n`;
  return { status: code, headers: { 'content-type': 'application/json' }, body };
}

/** Header names as httpbin prints them: `X-Request-Id`; the values of one name joined by commas. */
function headersOf(raw: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(raw.headersDistinct).sort()) {
    const title = name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
    headers[title] = values?.join(',') ?? '';
  }
  return headers;
}

function origin(raw: IncomingMessage): string {
  const forwarded = raw.headers['x-forwarded-for'];
  return forwarded?.toString() ?? raw.socket.remoteAddress ?? '';
}

/** Pairs to an object; a name that comes twice has an array. */
function grouped(pairs: URLSearchParams): Record<string, string | string[]> {
  const names = [...new Set(pairs.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = pairs.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}

function echo({ query, raw }: AppRequest): Record<string, unknown> {
  const scheme = raw.headers['x-forwarded-proto'] ?? 'http';
  const target = raw.url?.startsWith('/') ? `${scheme}://${raw.headers.host}${raw.url}` : raw.url;
  return { args: grouped(query), headers: headersOf(raw), origin: origin(raw), url: target };
}

async function echoWithBody(request: AppRequest): Promise<Record<string, unknown> | undefined> {
  const body = await readBody(request, MAX_ECHO_BYTES);
  if (body === undefined) return undefined;
  const text = body.toString();
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  let json: unknown = null;
  try {
    json = JSON.parse(text);
  } catch {
    // no JSON: `json` stays null, as in httpbin
  }
  const data = isForm ? '' : text;
  const form = isForm ? grouped(new URLSearchParams(text)) : {};
  return { ...echo(request), data, files: {}, form, json };
}

const echoBody: AppHandler = async (request) => {
  const answer = await echoWithBody(request);
  return answer === undefined ? textReply(413, 'The body is too long\n') : pretty(answer);
};

const echoAnything: AppHandler = async (request) => {
  const answer = await echoWithBody(request);
  if (answer === undefined) return textReply(413, 'The body is too long\n');
  return pretty({ ...answer, method: request.method });
};

/** `/status/500`, or one by chance of `/status/200:0.9,500:0.1`; without a weight each counts one. */
const status: AppHandler = ({ params }) => {
  const choices = (params['codes'] ?? '').split(',').map((choice) => {
    const [code, weight = '1'] = choice.split(':');
    return { code: Number(code), weight: Number(weight) };
  });
  const valid = choices.every(
    ({ code, weight }) => Number.isInteger(code) && code >= 200 && code <= 599 && weight >= 0,
  );
  if (!valid) return textReply(400, 'Invalid status code\n');
  let left = Math.random() * choices.reduce((sum, { weight }) => sum + weight, 0);
  const chosen = choices.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  const code = chosen?.code ?? choices[0]?.code ?? 200;
  if (code === 418) return textReply(code, TEAPOT);
  return code >= 301 && code <= 307 && code !== 304
    ? textReply(code, '', { location: '/redirect/1' })
    : textReply(code, '');
};

const delay: AppHandler = async (request) => {
  const seconds = Number(request.params['seconds']);
  if (!(seconds >= 0)) return textReply(400, 'Invalid delay\n');
  await sleep(Math.min(seconds, MAX_DELAY_S) * 1000);
  return echoBody(request);
};

function countOf(request: AppRequest, max: number): number | undefined {
  const count = Number(request.params['count']);
  return Number.isInteger(count) && count >= 0 ? Math.min(count, max) : undefined;
}

const BINARY = { 'content-type': 'application/octet-stream' };

const bytes: AppHandler = (request) => {
  const count = countOf(request, MAX_BYTES);
  if (count === undefined) return textReply(400, 'Invalid count\n');
  return { status: 200, headers: BINARY, body: randomBytes(count) };
};

const streamBytes: AppHandler = (request) => {
  const count = countOf(request, MAX_BYTES);
  if (count === undefined) return textReply(400, 'Invalid count\n');
  return { status: 200, headers: BINARY, body: chunks(count) };
};

async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  const size = 10 * 1024;
  for (let left = count; left > 0; left -= size) yield randomBytes(Math.min(left, size));
}

const streamLines: AppHandler = (request) => {
  const count = countOf(request, MAX_LINES);
  if (count === undefined) return textReply(400, 'Invalid count\n');
  const headers = { 'content-type': 'application/json' };
  return { status: 200, headers, body: lines(count, echo(request)) };
};

async function* lines(count: number, value: Record<string, unknown>): AsyncGenerator<string> {
  for (let id = 0; id < count; id++) yield `${JSON.stringify({ ...value, id })}\n`;
}

const responseHeaders: AppHandler = ({ query }) => {
  const headers = grouped(query);
  return { ...pretty(headers), headers: { 'content-type': 'application/json', ...headers } };
};

const redirect: AppHandler = (request) => {
  const count = countOf(request, MAX_REDIRECTS);
  if (!count) return textReply(400, 'Invalid count\n');
  return textReply(302, '', { location: count === 1 ? '/get' : `/redirect/${count - 1}` });
};

function cookies(header: string | undefined): Record<string, string> {
  const pairs = (header ?? '').split(/;\s*/).filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
