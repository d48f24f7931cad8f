/** One request as bytes, and what becomes of it. */
export interface RequestRow {
  readonly what: string;
  readonly send: string;
  /** Statuses we answer with, in order; the last is 200 when the connection goes on. */
  readonly ours: readonly number[];
  /** `FLAGS DETAILS` of the access log; for refusals. */
  readonly details?: string;
  /** What Envoy does where we do something else; `why` tells. */
  readonly envoy?: string;
  /** Whether Node's strict parser hands it to its server. */
  readonly llhttp: 'taken' | 'refused';
  /** Why we differ from Envoy, or from llhttp. */
  readonly why?: string;
  /** Nothing follows on the connection. */
  readonly alone?: boolean;
  /** What the upstream gets, beyond what llhttp sees. */
  readonly body?: string;
  readonly host?: string;
  readonly with?: readonly string[];
  readonly without?: readonly string[];
}

/** Follows every request on its connection: whose boundaries are wrong swallows it, or sees two. */
export const secondRequest = 'GET /second HTTP/1.1\r\nHost: a\r\n\r\n';

const codec = 'DPE http1.codec_error';
const characters = 'DPE http1.invalid_characters';
const ambiguous = 'DPE http1.content_length_and_chunked_not_allowed';
const coding = 'DPE http1.invalid_transfer_encoding';
const strict = 'RFC 9112 lets a recipient refuse it, and passing it on would need another form';

const post = (lines: string, body = ''): string =>
  `POST /first HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${body}`;
const get = (lines: string): string => `GET /first HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`;
const line = (start: string, lines = 'Host: a\r\n'): string => `${start}\r\n${lines}\r\n`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked', body);
const hello = '5\r\nhello\r\n0\r\n\r\n';

type Rest = Partial<RequestRow>;

const refused = (what: string, send: string, details = codec, more: Rest = {}): RequestRow => ({
  what,
  send,
  ours: [400],
  details,
  llhttp: 'refused',
  ...more,
});

const taken = (what: string, send: string, more: Rest = {}): RequestRow => ({
  what,
  send,
  ours: [200, 200],
  llhttp: 'taken',
  ...more,
});

/** Where Envoy passes on what it has put right, and we refuse. */
const stricter = (what: string, send: string, more: Rest = {}): RequestRow =>
  refused(what, send, codec, { envoy: 'forwarded', why: strict, ...more });

const lengthRows: readonly RequestRow[] = [
  taken('two that are well-formed', post('Content-Length: 5', 'hello'), { body: 'hello' }),
  taken('a length between white space', post('Content-Length: \t 5 ', 'hello'), { body: 'hello' }),
  taken('a length with leading zeros', post('Content-Length: 0005', 'hello'), { body: 'hello' }),
  taken('a body of a GET', get('Content-Length: 5').concat('hello'), { body: 'hello' }),
  refused('two equal lengths', post('Content-Length: 5\r\nContent-Length: 5', 'hello')),
  refused('two lengths that differ', post('Content-Length: 0\r\nContent-Length: 5', 'hello')),
  refused('a list of lengths', post('Content-Length: 5, 5', 'hello')),
  refused('a length with a plus', post('Content-Length: +5', 'hello')),
  refused('a length with a minus', post('Content-Length: -5', 'hello')),
  refused('a length in hexadecimal', post('Content-Length: 0x5', 'hello')),
  refused('a length with a space inside', post('Content-Length: 5 5', 'hello')),
  refused('an empty length', post('Content-Length:', 'hello')),
  refused('a length with a letter', post('Content-Length: 5a', 'hello')),
  refused('a length beyond 64 bits', post('Content-Length: 99999999999999999999', 'hello')),
];

const codingRows: readonly RequestRow[] = [
  refused(
    'CL.TE',
    post('Content-Length: 6\r\nTransfer-Encoding: chunked', '0\r\n\r\nG'),
    ambiguous,
  ),
  refused('TE.CL', post('Transfer-Encoding: chunked\r\nContent-Length: 4', hello), ambiguous),
  refused(
    'a length of 0 beside chunks',
    post('Content-Length: 0\r\nTransfer-Encoding: chunked', hello),
    ambiguous,
  ),
  refused('an unknown coding', post('Transfer-Encoding: xchunked', hello), coding, { ours: [501] }),
  refused('chunked, then identity', post('Transfer-Encoding: chunked, identity', hello), coding, {
    ours: [501],
  }),
  refused('identity', post('Transfer-Encoding: identity', hello), coding, { ours: [501] }),
  refused('a quoted coding', post('Transfer-Encoding: "chunked"', hello), coding, { ours: [501] }),
  refused('chunked with a parameter', post('Transfer-Encoding: chunked;q=1', hello), coding, {
    ours: [501],
  }),
  refused('an empty coding', post('Transfer-Encoding:', hello), coding, { ours: [501] }),
  refused('a coding before chunked', post('Transfer-Encoding: gzip, chunked', hello), coding, {
    ours: [501],
    llhttp: 'taken',
    why: 'a proxy that does not know a coding answers 501 (RFC 9112 section 6.1)',
  }),
  refused('chunked twice in a line', post('Transfer-Encoding: chunked, chunked', hello), coding, {
    ours: [501],
  }),
  refused(
    'chunked in two lines',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', hello),
    coding,
    {
      ours: [501],
    },
  ),
  refused(
    'chunked and identity in two lines',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', hello),
    coding,
    { ours: [501] },
  ),
  refused('white space before the colon', post('Transfer-Encoding : chunked', hello)),
  refused('a tab before the colon', post('Transfer-Encoding\t: chunked', hello)),
  refused(
    'a vertical tab before the coding',
    post('Transfer-Encoding: \x0bchunked', hello),
    characters,
  ),
  refused('a NUL behind the coding', post('Transfer-Encoding: chunked\0', hello), characters),
  taken('a coding in capitals', post('Transfer-Encoding: CHUNKED', hello), { body: 'hello' }),
  taken('a coding between tabs', post('Transfer-Encoding:\tchunked\t', hello), {
    llhttp: 'refused',
    body: 'hello',
    why: 'white space around a value means nothing (RFC 9110 section 5.5); what goes on has none',
  }),
];

const lineRows: readonly RequestRow[] = [
  stricter('a header line that ends in LF', get('X: y\nZ: w')),
  stricter('a request line that ends in LF', 'GET /first HTTP/1.1\nHost: a\r\n\r\n'),
  stricter('a head that ends in LF LF', 'GET /first HTTP/1.1\nHost: a\n\n'),
  stricter('a CR inside a value', get('X: a\rb')),
  stricter('a folded line', get('X: a\r\n b')),
  stricter(
    'a coding behind a fold',
    post('X: a\r\n\tTransfer-Encoding: chunked\r\nContent-Length: 5', 'hello'),
  ),
  refused('white space before the first line', `GET /first HTTP/1.1\r\n Host: a\r\n\r\n`),
  refused('a NUL in a value', get('X: a\0b'), characters),
  refused('a DEL in a value', get('X: a\x7fb'), characters),
  refused('a control byte in a value', get('X: a\x01b'), characters),
  refused('a NUL in a name', get('X\0: a')),
  refused('a parenthesis in a name', get('X(: a')),
  refused('a space in a name', get('X Y: a')),
  refused('a high byte in a name', get('X\xe9: a')),
  refused('an empty name', get(': a')),
  refused('a line without a colon', get('X')),
  taken('high bytes in a value', get('X: caf\xe9')),
  taken('an empty value', get('X:')),
  taken('an underscore in a name', get('x_y: a'), { with: ['x_y'] }),
  taken('empty lines before the request', `\r\n\r\n${get('X: y')}`),
];

const startRows: readonly RequestRow[] = [
  refused('a method in small letters', line('get /first HTTP/1.1')),
  refused('an unknown method', line('FOO /first HTTP/1.1')),
  refused('a method with a parenthesis', line('G(T /first HTTP/1.1')),
  refused('no method', line(' /first HTTP/1.1')),
  stricter('two spaces before the target', line('GET  /first HTTP/1.1'), { llhttp: 'taken' }),
  stricter('a tab before the target', line('GET\t/first HTTP/1.1')),
  stricter('a space behind the version', line('GET /first HTTP/1.1 ')),
  refused('a space in the target', line('GET /first x HTTP/1.1')),
  refused('a control byte in the target', line('GET /first\x01 HTTP/1.1')),
  refused('a high byte in the target', line('GET /first\xe9 HTTP/1.1')),
  refused('HTTP/1.2', line('GET /first HTTP/1.2'), 'DPE low_version', { ours: [426] }),
  refused('HTTP/2.0', line('GET /first HTTP/2.0'), 'DPE low_version', {
    ours: [426],
    llhttp: 'taken',
    why: 'HTTP/2 begins with its preface; Envoy answers 426',
  }),
  refused('HTTP/1.0', line('GET /first HTTP/1.0'), 'DPE low_version', {
    ours: [426],
    llhttp: 'taken',
    why: 'HTTP/1.0 is served where accept_http_10 is on',
  }),
  refused(
    'chunks of HTTP/1.0',
    `POST /first HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${hello}`,
    'DPE low_version',
    {
      ours: [426],
      llhttp: 'taken',
      why: 'HTTP/1.0 is served where accept_http_10 is on, and never with chunks',
    },
  ),
  refused('no version', 'GET /first\r\n\r\n', codec, {
    envoy: '426',
    llhttp: 'taken',
    why: 'a line without a version is no line of HTTP/1 for the parser; refused as well',
  }),
  refused('a version in small letters', line('GET /first http/1.1')),
  refused('a version of two digits', line('GET /first HTTP/1.10')),
  refused('a target without a slash', line('GET first HTTP/1.1')),
  refused('an asterisk of a GET', line('GET * HTTP/1.1'), 'DPE http1.invalid_url', {
    llhttp: 'taken',
    why: 'only OPTIONS may ask for the whole server (RFC 9112 section 3.2.4)',
  }),
  refused('an asterisk of OPTIONS', line('OPTIONS * HTTP/1.1'), '- absolute_path_rejected', {
    ours: [404, 200],
    llhttp: 'taken',
    why: 'a proxy has no resource of its own to describe; Envoy routes paths only',
  }),
  refused('a fragment', line('GET /first#x HTTP/1.1'), '- path_normalization_failed', {
    ours: [400, 200],
    llhttp: 'taken',
    why: 'fragments are not sent (RFC 9110 section 4.2.5); routes must not see them',
  }),
];

const targetRows: readonly RequestRow[] = [
  taken('an absolute target beats Host', line('GET http://real/first HTTP/1.1'), { host: 'real' }),
  refused(
    'an absolute target with a user',
    line('GET http://u@real/first HTTP/1.1'),
    'DPE invalid_authority',
    {
      llhttp: 'taken',
      why: 'user information is deprecated and misleads (RFC 9110 section 4.2.4)',
    },
  ),
  refused(
    'an absolute target of another scheme',
    line('GET ftp://real/first HTTP/1.1'),
    'DPE http1.invalid_scheme',
    {
      llhttp: 'taken',
      why: 'only http and https are proxied',
    },
  ),
  refused(
    'an absolute target with a port too large',
    line('GET http://real:99999/first HTTP/1.1'),
    'DPE http1.invalid_url',
    {
      llhttp: 'taken',
      why: 'there is no such port',
    },
  ),
  refused('no Host', 'GET /first HTTP/1.1\r\n\r\n', '- missing_host_header', { ours: [400, 200] }),
  refused('two Hosts', line('GET /first HTTP/1.1', 'Host: a\r\nHost: b\r\n'), codec, {
    envoy: 'forwarded as host `a,b`',
    llhttp: 'taken',
    why: 'a server must answer 400 (RFC 9112 section 3.2)',
  }),
  refused(
    'a Host with a slash',
    line('GET /first HTTP/1.1', 'Host: a/b\r\n'),
    'DPE invalid_authority',
    {
      llhttp: 'taken',
      why: 'no host has such characters (RFC 9110 section 7.2)',
    },
  ),
  refused(
    'a Host with a user',
    line('GET /first HTTP/1.1', 'Host: u@a\r\n'),
    'DPE invalid_authority',
    {
      llhttp: 'taken',
      why: 'no host has such characters (RFC 9110 section 7.2)',
    },
  ),
  refused(
    'a Host with a space',
    line('GET /first HTTP/1.1', 'Host: a b\r\n'),
    'DPE invalid_authority',
    {
      llhttp: 'taken',
      why: 'no host has such characters (RFC 9110 section 7.2)',
    },
  ),
  taken('an empty Host', line('GET /first HTTP/1.1', 'Host:\r\n'), { host: '' }),
  refused('CONNECT where it is not allowed', line('CONNECT a:80 HTTP/1.1'), '- upgrade_failed', {
    ours: [403],
  }),
  refused(
    'CONNECT with a body',
    line('CONNECT a:80 HTTP/1.1', 'Host: a\r\nContent-Length: 5\r\n'),
    'DPE http1.body_disallowed',
  ),
  refused(
    'CONNECT with chunks',
    line('CONNECT a:80 HTTP/1.1', 'Host: a\r\nTransfer-Encoding: chunked\r\n'),
    coding,
    { ours: [501] },
  ),
  refused('CONNECT of a path', line('CONNECT /first HTTP/1.1'), 'DPE http1.invalid_url'),
];

const sizeRows: readonly RequestRow[] = [
  refused('101 header lines', get('a: b\r\n'.repeat(101).trimEnd()), 'DPE http1.too_many_headers', {
    ours: [431],
    llhttp: 'taken',
    why: 'Envoy takes 100, Node 2000',
  }),
  refused('a header of 70 KB', get(`a: ${'b'.repeat(70_000)}`), 'DPE http1.headers_too_large', {
    ours: [431],
  }),
  refused(
    'a target of 70 KB',
    line(`GET /${'b'.repeat(70_000)} HTTP/1.1`),
    'DPE http1.headers_too_large',
    { ours: [431] },
  ),
  taken('a header of 10 KB', get(`a: ${'b'.repeat(10_000)}`)),
];

const chunkRows: readonly RequestRow[] = [
  taken('chunks', chunked(hello), { body: 'hello' }),
  taken('sizes with leading zeros and capitals', chunked('00A\r\n0123456789\r\n000\r\n\r\n'), {
    body: '0123456789',
  }),
  taken('a chunk extension', chunked('5;a=b\r\nhello\r\n0;c\r\n\r\n'), { body: 'hello' }),
  taken('a quoted chunk extension', chunked('5;a="b c"\r\nhello\r\n0\r\n\r\n'), { body: 'hello' }),
  taken('white space behind a chunk size', chunked('5 \r\nhello\r\n0\r\n\r\n'), {
    llhttp: 'refused',
    body: 'hello',
    why: 'some senders pad sizes; Envoy takes it, and what goes on has none',
  }),
  taken(
    'trailers that would frame',
    chunked('5\r\nhello\r\n0\r\nContent-Length: 9\r\nHost: b\r\nX: y\r\n\r\n'),
    {
      llhttp: 'refused',
      body: 'hello',
      why: 'trailers are left out, so that these cannot frame anything',
    },
  ),
  refused('a chunk size of letters', chunked('xyz\r\n')),
  refused('an empty chunk size', chunked('\r\nhello\r\n0\r\n\r\n')),
  refused('a chunk size with a minus', chunked('-5\r\nhello\r\n0\r\n\r\n')),
  refused('a chunk size with 0x', chunked('0x5\r\nhello\r\n0\r\n\r\n')),
  refused('a chunk size beyond 64 bits', chunked('fffffffffffffffff\r\nhello\r\n0\r\n\r\n')),
  refused('a chunk size of 60 digits', chunked(`${'0'.repeat(59)}5\r\nhello\r\n0\r\n\r\n`), codec, {
    envoy: 'forwarded',
    llhttp: 'taken',
    why: 'twelve digits are 256 TiB; nobody needs more',
  }),
  refused('a chunk longer than its size', chunked('2\r\nhello\r\n0\r\n\r\n'), codec, {
    envoy: 'forwarded without the rest of the line',
    why: 'the sender counts otherwise than we do: where the next message begins is unknown',
  }),
  refused('a chunk shorter than its size', chunked('7\r\nhello\r\n0\r\n\r\n'), codec, {
    envoy: 'forwarded without the rest of the line',
    why: 'the sender counts otherwise than we do: where the next message begins is unknown',
  }),
  stricter('a chunk size that ends in LF', chunked('5\nhello\r\n0\r\n\r\n')),
  stricter('a chunk that ends in LF', chunked('5\r\nhello\n0\r\n\r\n')),
  refused('a CR in a chunk extension', chunked('5;a\rb\r\nhello\r\n0\r\n\r\n')),
  refused(
    'a chunk extension of 5 KB',
    chunked(`5;${'a'.repeat(5000)}\r\nhello\r\n0\r\n\r\n`),
    codec,
    {
      envoy: 'forwarded',
      llhttp: 'taken',
      why: 'nobody uses extensions: long ones keep us busy for nothing',
    },
  ),
  refused('a trailer without a colon', chunked('5\r\nhello\r\n0\r\nX\r\n\r\n')),
  refused('a trailer with a space before the colon', chunked('5\r\nhello\r\n0\r\nX : y\r\n\r\n')),
  refused(
    'a request in place of trailers',
    chunked('5\r\nhello\r\n0\r\nGET /inner HTTP/1.1\r\nHost: a\r\n\r\n'),
  ),
];

const hopRows: readonly RequestRow[] = [
  taken('a client that waits for 100', post('Expect: 100-continue\r\nContent-Length: 5', 'hello'), {
    ours: [100, 200, 200],
    body: 'hello',
    without: ['expect'],
  }),
  taken('another expectation goes on', get('Expect: else'), { with: ['expect'] }),
  refused(
    'an upgrade that is not allowed',
    get('Connection: upgrade\r\nUpgrade: websocket'),
    '- upgrade_failed',
    {
      ours: [403],
      llhttp: 'taken',
      why: 'upgrades must be switched on; Node without a listener ignores them',
    },
  ),
  refused(
    'an upgrade with a body',
    post('Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 5', 'hello'),
    '- upgrade_failed',
    {
      ours: [403],
      llhttp: 'taken',
      why: 'upgrades must be switched on; Node without a listener ignores them',
    },
  ),
  taken(
    'h2c by upgrade is ignored',
    get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x'),
    {
      ours: [200],
      alone: true,
      without: ['upgrade', 'http2-settings'],
    },
  ),
  taken('a header that connection names', get('Connection: x-a\r\nX-A: b\r\nX-C: d'), {
    without: ['x-a'],
    with: ['x-c'],
  }),
  taken('connection names Host', get('Connection: host'), { host: 'a' }),
  taken(
    'connection names Content-Length',
    post('Connection: content-length\r\nContent-Length: 5', 'hello'),
    { body: 'hello' },
  ),
  refused(
    'connection names X-Forwarded-For',
    get('Connection: x-forwarded-for'),
    'DPE http1.connection_header_rejected',
    {
      llhttp: 'taken',
      why: 'a client must not hide where a request came from',
    },
  ),
  refused(
    'connection names ten headers',
    get('Connection: a,b,c,d,e,f,g,h,i,j'),
    'DPE http1.connection_header_rejected',
    {
      llhttp: 'taken',
      why: "Envoy's bound",
    },
  ),
  taken('hop-by-hop headers stay behind', get('Keep-Alive: 5\r\nProxy-Connection: x\r\nTE: gzip'), {
    without: ['keep-alive', 'proxy-connection', 'te'],
  }),
];

/** Smuggling and malformed requests: at least 60, with the verdicts of Envoy, llhttp and ours. */
export const requestRows: readonly RequestRow[] = [
  ...lengthRows,
  ...codingRows,
  ...lineRows,
  ...startRows,
  ...targetRows,
  ...sizeRows,
  ...chunkRows,
  ...hopRows,
];
