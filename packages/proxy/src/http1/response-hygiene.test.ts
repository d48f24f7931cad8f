import assert from 'node:assert/strict';
import type net from 'node:net';
import { after, before, test } from 'node:test';
import { type AccessLogFile, startAccessLog } from '../testing/access-log-file.ts';
import type { RawClient } from '../testing/raw-client.ts';
import { routeTo, runProxy } from '../testing/running-proxy.ts';
import { responseByLlhttp } from '../testing/second-opinion.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';
import { rawUpstream, type Upstream } from '../testing/upstream.ts';

interface ResponseRow {
  readonly what: string;
  readonly reply: string;
  /** The upstream closes behind it. */
  readonly closes?: boolean;
  /** Default GET. */
  readonly method?: string;
  /** Status and body the client gets; `cut` for one that is cut short. */
  readonly ours: string;
  /** `FLAGS DETAILS`; default `- via_upstream`. */
  readonly details?: string;
  /** Status and body llhttp's user gets, or its error. */
  readonly llhttp: string;
  /** What Envoy does where we do something else; `why` tells. */
  readonly envoy?: string;
  readonly why?: string;
  /** Not in what the client gets. */
  readonly without?: RegExp;
}

const protocolError = 'UPE upstream_reset_before_response_started{protocol_error}';
const closed = 'UC upstream_reset_before_response_started{connection_termination}';
const cut = 'UC upstream_reset_after_response_started{connection_termination}';
const strict = 'RFC 9112 lets a recipient refuse it, and passing it on would need another form';
const ok = 'HTTP/1.1 200 OK\r\n';
const hello = 'Content-Length: 5\r\n\r\nhello';

const refused = (
  what: string,
  reply: string,
  llhttp: string,
  more: Partial<ResponseRow> = {},
): ResponseRow => ({ what, reply, ours: '502', details: protocolError, llhttp, ...more });

const taken = (
  what: string,
  reply: string,
  ours: string,
  more: Partial<ResponseRow> = {},
): ResponseRow => ({ what, reply, ours, llhttp: ours, ...more });

const stricter = { envoy: 'forwarded', why: strict };

const rows: readonly ResponseRow[] = [
  taken('a well-formed answer', ok + hello, '200 hello'),
  // --- framing
  refused(
    'a length beside chunks',
    `${ok}Transfer-Encoding: chunked\r\n${hello}`,
    'HPE_INVALID_CONTENT_LENGTH',
  ),
  refused(
    'chunks beside a length',
    `${ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'HPE_INVALID_TRANSFER_ENCODING',
  ),
  refused(
    'two equal lengths',
    `${ok}Content-Length: 5\r\n${hello}`,
    'HPE_UNEXPECTED_CONTENT_LENGTH',
  ),
  refused(
    'two lengths that differ',
    `${ok}Content-Length: 3\r\n${hello}`,
    'HPE_UNEXPECTED_CONTENT_LENGTH',
  ),
  refused(
    'a negative length',
    `${ok}Content-Length: -5\r\n\r\nhello`,
    'HPE_INVALID_CONTENT_LENGTH',
  ),
  refused(
    'a list of lengths',
    `${ok}Content-Length: 5, 5\r\n\r\nhello`,
    'HPE_INVALID_CONTENT_LENGTH',
  ),
  refused('an unknown coding', `${ok}Transfer-Encoding: gzip\r\n\r\nhello`, '200 hello', {
    closes: true,
    why: 'a proxy that does not know a coding cannot tell where it ends',
  }),
  refused(
    'chunked in two lines',
    `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    '200',
    { why: 'chunked must not be applied twice (RFC 9112 section 7)' },
  ),
  taken('chunks', `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, '200 hello'),
  taken(
    'chunk extensions stay behind',
    `${ok}Transfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n0;ext\r\n\r\n`,
    '200 hello',
    { without: /ext/ },
  ),
  taken(
    'trailers stay behind',
    `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`,
    '200 hello',
    { without: /x-sum/i },
  ),
  refused(
    'a chunk size of letters',
    `${ok}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`,
    'HPE_INVALID_CHUNK_SIZE',
    {
      ours: '200 cut',
      details: 'UPE upstream_reset_after_response_started{protocol_error}',
    },
  ),
  refused(
    'a chunk longer than its size',
    `${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n`,
    'HPE_STRICT',
    {
      ours: '200 cut',
      details: 'UPE upstream_reset_after_response_started{protocol_error}',
      envoy: 'forwarded without the rest of the line',
      why: 'the sender counts otherwise than we do',
    },
  ),
  taken(
    'chunks that end with the connection',
    `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    '200 cut',
    { closes: true, details: cut },
  ),
  taken('less than its length', `${ok}Content-Length: 9\r\n\r\nhello`, '200 cut', {
    closes: true,
    details: cut,
  }),
  taken('more than its length', `${ok}${hello}more`, '200 hello', {
    llhttp: 'HPE_INVALID_CONSTANT',
    why: 'what is behind an answer does not make it wrong; the connection closes',
    without: /more/,
  }),
  taken(
    'a second answer nobody asked for',
    `${ok}${hello}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
    '200 hello',
    { without: /evil/ },
  ),
  taken('a body until the connection closes', `${ok}\r\nhello`, '200 hello', { closes: true }),
  taken('HTTP/1.0', `HTTP/1.0 200 OK\r\n\r\nhello`, '200 hello', { closes: true }),
  // --- no body
  taken('304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', '304'),
  taken('304 with a body', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello', '304', {
    llhttp: 'HPE_INVALID_CONSTANT',
    why: 'what is behind an answer does not make it wrong; the connection closes',
    without: /hello/,
  }),
  taken('204 with a length of 0', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', '204', {
    without: /content-length/i,
  }),
  refused('204 with a length', `HTTP/1.1 204 No Content\r\n${hello}`, 'HPE_INVALID_CONSTANT'),
  refused(
    '204 with chunks',
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HPE_INVALID_CONSTANT',
  ),
  taken('HEAD with a length', `${ok}Content-Length: 5\r\n\r\n`, '200', { method: 'HEAD' }),
  taken('HEAD with chunks', `${ok}Transfer-Encoding: chunked\r\n\r\n`, '200', { method: 'HEAD' }),
  taken('HEAD with a body', ok + hello, '200', {
    method: 'HEAD',
    llhttp: 'HPE_INVALID_CONSTANT',
    why: 'what is behind an answer does not make it wrong; the connection closes',
    without: /hello/,
  }),
  // --- interim
  taken('100 before the answer', `HTTP/1.1 100 Continue\r\n\r\n${ok}${hello}`, '200 hello', {
    without: /100/,
  }),
  taken(
    '103 before the answer',
    `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok}${hello}`,
    '200 hello',
    { without: /103/ },
  ),
  taken(
    '5000 interim answers',
    'HTTP/1.1 102 Processing\r\n\r\n'.repeat(5000) + ok + hello,
    '200 hello',
    { without: /102/ },
  ),
  refused(
    '100 with a length',
    `HTTP/1.1 100 Continue\r\n${hello}${ok}${hello}`,
    'HPE_INVALID_CONSTANT',
  ),
  refused(
    '100 with chunks',
    `HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${ok}${hello}`,
    'HPE_INVALID_CONSTANT',
  ),
  refused(
    '101 nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    '101',
    {
      why: "what follows would pass unseen; Node hands it to its 'upgrade' listener",
    },
  ),
  // --- lines
  refused('a header line that ends in LF', `${ok}X: y\n${hello}`, 'HPE_CR_EXPECTED', stricter),
  refused(
    'a status line that ends in LF',
    `HTTP/1.1 200 OK\n${hello}`,
    'HPE_CR_EXPECTED',
    stricter,
  ),
  refused('a CR in a value', `${ok}X: a\rb\r\n${hello}`, 'HPE_LF_EXPECTED', stricter),
  refused('a folded line', `${ok}X: a\r\n b\r\n${hello}`, 'HPE_INVALID_HEADER_TOKEN', stricter),
  refused('a NUL in a value', `${ok}X: a\0b\r\n${hello}`, 'HPE_INVALID_HEADER_TOKEN'),
  refused('white space before the colon', `${ok}X : a\r\n${hello}`, 'HPE_INVALID_HEADER_TOKEN'),
  refused('a parenthesis in a name', `${ok}X(: a\r\n${hello}`, 'HPE_INVALID_HEADER_TOKEN'),
  refused('a line without a colon', `${ok}X\r\n${hello}`, 'HPE_INVALID_HEADER_TOKEN'),
  taken('no reason', `HTTP/1.1 200\r\n${hello}`, '200 hello'),
  taken('a reason of high bytes', `HTTP/1.1 200 \xe9\r\n${hello}`, '200 hello'),
  refused('a status of two digits', `HTTP/1.1 20 OK\r\n${hello}`, 'HPE_INVALID_STATUS'),
  refused('a status of four digits', `HTTP/1.1 2000 OK\r\n${hello}`, 'HPE_INVALID_STATUS'),
  refused('a status of letters', `HTTP/1.1 abc OK\r\n${hello}`, 'HPE_INVALID_STATUS'),
  refused('another version', `HTTP/2.0 200 OK\r\n${hello}`, '200 hello', {
    why: 'a server of HTTP/2 does not answer in lines',
  }),
  refused('another protocol', `HTTQ/1.1 200 OK\r\n${hello}`, 'HPE_INVALID_CONSTANT'),
  refused('no HTTP at all', 'SSH-2.0-x\r\n', 'HPE_INVALID_CONSTANT'),
  // --- sizes
  refused('101 header lines', `${ok}${'a: b\r\n'.repeat(101)}${hello}`, '200 hello', {
    why: 'Envoy takes 100, Node 2000',
  }),
  refused('a header of 70 KB', `${ok}a: ${'b'.repeat(70_000)}\r\n${hello}`, 'HPE_HEADER_OVERFLOW'),
  taken('a header of 10 KB', `${ok}a: ${'b'.repeat(10_000)}\r\n${hello}`, '200 hello'),
  taken('nothing', '', '503', { closes: true, details: closed, llhttp: 'ECONNRESET' }),
  taken('half a head', 'HTTP/1.1 200 OK\r\nX: ', '503', {
    closes: true,
    details: closed,
    llhttp: 'ECONNRESET',
  }),
];

/** Answers the first request with a row's bytes, all others with `second`. */
const upstreamOf = (row: ResponseRow): Promise<Upstream> => {
  let isFirst = true;
  return rawUpstream((socket: net.Socket) => {
    socket.on('data', () => {
      if (!isFirst) {
        socket.write(`${ok}Content-Length: 6\r\n\r\nsecond`);
        return;
      }
      isFirst = false;
      socket.write(row.reply, 'latin1');
      if (row.closes === true) socket.end();
    });
  });
};

/** Errors of llhttp tell why; that a message was cut is enough. */
const shortened = (outcome: string): string => outcome.replace(/ cut .*/, ' cut').trimEnd();

test('each row says why it differs from Envoy, or from llhttp', () => {
  for (const { what, ours, llhttp, envoy, why } of rows) {
    const isTaken = !/^50[23]|cut$/.test(ours);
    const differs = envoy !== undefined || isTaken === /^HPE|^ECONN|cut$/.test(llhttp);
    assert.equal(why !== undefined, differs, what);
  }
});

/** Shared by all rows: each proxy writes its lines out as it stops. */
let log: AccessLogFile;
before(async () => {
  log = await startAccessLog();
});
after(() => log[Symbol.asyncDispose]());

/** Status and body of the answer, or that it is cut. */
const outcomeOf = async (client: RawClient, noBody: boolean): Promise<string> => {
  try {
    const { status, headers, body } = await client.response({ noBody });
    const length = Number(headers.get('content-length') ?? body.length);
    if (!noBody && body.length < length) return `${status} cut`;
    return status >= 500 ? String(status) : `${status} ${body.toString('latin1')}`.trimEnd();
  } catch {
    return '200 cut';
  }
};

for (const row of rows) {
  test(`response: ${row.what}`, { timeout: 60_000 }, async () => {
    const method = row.method ?? 'GET';
    await using upstream = await upstreamOf(row);
    await using judge = await upstreamOf(row);
    await using running = await runProxy({
      clusters: [clusterJson('up', [upstream.port])],
      routes: [routeTo('up')],
      manager: log.manager,
    });
    const client = await running.connect();
    client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
    const head = await client.until((seen) => seen.includes('\r\n\r\n'));
    const noBody = method === 'HEAD' || /^HTTP\/1.1 (204|304)/.test(head.toString('latin1'));
    assert.equal(await outcomeOf(client, noBody), row.ours);
    if (row.without !== undefined) assert.doesNotMatch(head.toString('latin1'), row.without);
    if (row.ours !== '200 cut') {
      client.send('GET /again HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal((await client.response()).body.toString(), 'second', 'what follows is right');
    }
    client.close();
    assert.equal(shortened(await responseByLlhttp(judge.port, method)), row.llhttp);
  });
}

test('the access log says why, as Envoy does', async () => {
  for (const { what, ours, details } of rows) {
    const line = `${ours.slice(0, 3)} ${details ?? '- via_upstream'}`;
    assert.equal(await log.next(), line, what);
    if (ours !== '200 cut') assert.equal(await log.next(), '200 - via_upstream', what);
  }
});
