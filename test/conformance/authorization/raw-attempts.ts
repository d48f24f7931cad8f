import type { Http2Lines } from './http2-bytes.ts';

/**
 * Attempts to reach `/admin` or the host `admin.example`, both denied, by requests that are not what they
 * seem. Whatever is answered: nothing of the kind may reach the application.
 */
export interface RawAttempt {
  readonly name: string;
  /** HTTP/1.1, `\n` for the ends of lines unless `exact`. A request for `/sentinel` follows. */
  readonly http1?: string;
  readonly exact?: boolean;
  readonly http2?: Http2Lines;
  readonly body?: string;
  readonly trailers?: Http2Lines;
}

const post = 'POST /public HTTP/1.1\nhost: web\n';
const smuggled = 'GET /admin HTTP/1.1\nhost: web\nx: y\n\n';
/** As a chunk: its length in front. */
const chunk = (text: string): string =>
  `${text.replaceAll('\n', '\r\n').length.toString(16)}\n${text}\n`;

const http1: Readonly<Record<string, string>> = {
  'pipelined behind an honest request': `GET /public HTTP/1.1\nhost: web\n\n${smuggled}`,
  'behind a chunked body': `${post}transfer-encoding: chunked\n\n0\n\n${smuggled}`,
  'length and chunks': `${post}content-length: 4\ntransfer-encoding: chunked\n\n${chunk(smuggled)}0\n\n`,
  'chunks and length': `${post}transfer-encoding: chunked\ncontent-length: 6\n\n0\n\n${smuggled}`,
  'two lengths': `${post}content-length: 0\ncontent-length: 40\n\n${smuggled}`,
  'two lengths in a line': `${post}content-length: 0, 40\n\n${smuggled}`,
  'a signed length': `${post}content-length: +0\n\n${smuggled}`,
  'a hexadecimal length': `${post}content-length: 0x0\n\n${smuggled}`,
  'a negative length': `${post}content-length: -1\n\n${smuggled}`,
  'an unknown coding': `${post}transfer-encoding: xchunked\n\n0\n\n${smuggled}`,
  'chunks that are not last': `${post}transfer-encoding: chunked, identity\n\n0\n\n${smuggled}`,
  'chunks twice': `${post}transfer-encoding: chunked\ntransfer-encoding: chunked\n\n0\n\n${smuggled}`,
  'a blank before the colon': `${post}transfer-encoding : chunked\n\n0\n\n${smuggled}`,
  'a folded coding': `${post}transfer-encoding:\n chunked\n\n0\n\n${smuggled}`,
  'a coding behind a vertical tab': `${post}transfer-encoding: \vchunked\n\n0\n\n${smuggled}`,
  'a chunk with a long extension': `${post}transfer-encoding: chunked\n\n0;a=b\n\n${smuggled}`,
  'a chunk of hexadecimal with a prefix': `${post}transfer-encoding: chunked\n\n0x0\n\n${smuggled}`,
  'a chunk of huge size': `${post}transfer-encoding: chunked\n\nffffffffffffffff0\n\n${smuggled}`,
  'a chunk longer than it says': `${post}transfer-encoding: chunked\n\n1\nab\n0\n\n${smuggled}`,
  'an absolute target': 'GET http://web/admin HTTP/1.1\nhost: web\n\n',
  'an absolute target against the Host header': 'GET http://admin.example/ HTTP/1.1\nhost: web\n\n',
  'two hosts': 'GET / HTTP/1.1\nhost: web\nhost: admin.example\n\n',
  'two hosts, the other way': 'GET / HTTP/1.1\nhost: admin.example\nhost: web\n\n',
  'no host': 'GET /admin HTTP/1.1\nx: y\n\n',
  'a host with a blank': 'GET / HTTP/1.1\nhost: web admin.example\n\n',
  'a host with user and password': 'GET / HTTP/1.1\nhost: web@admin.example\n\n',
  'HTTP/1.0': 'GET /admin HTTP/1.0\nhost: web\n\n',
  'HTTP/0.9': 'GET /admin\n',
  'blanks in the request line': 'GET  /admin HTTP/1.1\nhost: web\n\n',
  'a tab in the request line': 'GET\t/admin HTTP/1.1\nhost: web\n\n',
  'a path with a blank': 'GET /public /admin HTTP/1.1\nhost: web\n\n',
  CONNECT: 'CONNECT web:8080 HTTP/1.1\nhost: web:8080\n\nGET /admin HTTP/1.1\nhost: web\n\n',
  'CONNECT to a path': 'CONNECT /admin HTTP/1.1\nhost: web\n\n',
  'a pseudo header': 'GET /admin HTTP/1.1\nhost: web\n:path: /public\n\n',
  'a NUL in a header': 'GET /admin HTTP/1.1\nhost: web\nx: a\0b\n\n',
  'an upgrade to HTTP/2':
    'GET /admin HTTP/1.1\nhost: web\nconnection: upgrade, http2-settings\nupgrade: h2c\nhttp2-settings: AAMAAABkAAQAAP__\n\n',
  'a WebSocket that nobody opened': `GET /public HTTP/1.1\nhost: web\nconnection: upgrade\nupgrade: websocket\nsec-websocket-version: 13\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\n\n${smuggled}`,
};

const exact: Readonly<Record<string, string>> = {
  'bare line feeds':
    'POST /public HTTP/1.1\nhost: web\ncontent-length: 0\n\nGET /admin HTTP/1.1\nhost: web\n\n',
  'bare carriage returns':
    'GET /public HTTP/1.1\r\nhost: web\r\nx: y\rGET /admin HTTP/1.1\rhost: web\r\r\n\r\n',
};

const request = (...lines: Http2Lines): Http2Lines => [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'web'],
  ...lines,
];

const bytes = 'GET /admin HTTP/1.1\r\nhost: web\r\n\r\n';

const http2: Readonly<Record<string, Http2Lines>> = {
  'two paths': request([':path', '/public'], [':path', '/admin']),
  'two paths, the other way': request([':path', '/admin'], [':path', '/public']),
  'a path behind a header': request([':path', '/public'], ['x', 'y'], [':path', '/admin']),
  'no path': request(['x', 'y']),
  'an empty path': request([':path', '']),
  'an absolute path': request([':path', 'http://web/admin']),
  'a path that does not begin with a slash': request([':path', 'admin']),
  'a path with a line break': request([':path', `/public HTTP/1.1\r\nhost: web\r\n\r\n${bytes}`]),
  'a path with a blank': request([':path', '/public /admin']),
  'a path in capitals as pseudo header': request([':path', '/public'], [':PATH', '/admin']),
  'an unknown pseudo header': request([':path', '/admin'], [':url', '/public']),
  'a header with a line break': request([':path', '/public'], ['x', `y\r\n\r\n${bytes}`]),
  'a header name with a line break': request([':path', '/public'], [`x: y\r\n\r\n${bytes}x`, 'z']),
  'a header name in capitals': request([':path', '/admin'], ['X-Path', '/public']),
  'two authorities': request([':path', '/'], [':authority', 'admin.example']),
  'another host beside the authority': request([':path', '/'], ['host', 'admin.example']),
  'the authority with user and password': [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'web@admin.example'],
    [':path', '/'],
  ],
  'only a host': [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    ['host', 'admin.example'],
  ],
  'a method with a request in it': [
    [':method', `GET /public HTTP/1.1\r\nhost: web\r\n\r\n${bytes}GET`],
    [':scheme', 'http'],
    [':authority', 'web'],
    [':path', '/public'],
  ],
  'a scheme with a path in it': [
    [':method', 'GET'],
    [':scheme', 'http://web/admin?'],
    [':authority', 'web'],
    [':path', '/public'],
  ],
  'CONNECT with a path': [
    [':method', 'CONNECT'],
    [':scheme', 'http'],
    [':authority', 'web'],
    [':path', '/admin'],
  ],
  'headers of the connection': request([':path', '/admin'], ['connection', ':path'], ['x', 'y']),
};

const posting = (...lines: Http2Lines): Http2Lines => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'web'],
  [':path', '/public'],
  ...lines,
];

const withBody: readonly RawAttempt[] = [
  { name: 'a coding', http2: posting(['transfer-encoding', 'chunked']), body: `0\r\n\r\n${bytes}` },
  { name: 'a length of nothing', http2: posting(['content-length', '0']), body: bytes },
  { name: 'a length that is too short', http2: posting(['content-length', '1']), body: bytes },
  {
    name: 'pseudo headers behind the body',
    http2: posting(),
    body: 'x',
    trailers: [[':path', '/admin']],
  },
  {
    name: 'a length behind the body',
    http2: posting(),
    body: bytes,
    trailers: [['content-length', '0']],
  },
];

/** All of them. */
export const rawAttempts: readonly RawAttempt[] = [
  ...Object.entries(http1).map(([name, text]) => ({ name: `HTTP/1.1: ${name}`, http1: text })),
  ...Object.entries(exact).map(([name, text]) => ({
    name: `HTTP/1.1: ${name}`,
    http1: text,
    exact: true,
  })),
  ...Object.entries(http2).map(([name, lines]) => ({ name: `HTTP/2: ${name}`, http2: lines })),
  ...withBody.map((one) => ({ ...one, name: `HTTP/2: ${one.name}` })),
];
