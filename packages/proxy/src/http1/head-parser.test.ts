import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  headFlag,
  MessageHead,
  parseOutcome,
  parseRequestHead,
  parseResponseHead,
} from './head-parser.ts';

const request = (text: string, maxHeaders = 100) => {
  const head = new MessageHead(maxHeaders);
  const outcome = parseRequestHead(head, Buffer.from(text, 'latin1'), 0, text.length);
  return { head, outcome };
};

const response = (text: string) => {
  const head = new MessageHead();
  return { head, outcome: parseResponseHead(head, Buffer.from(text, 'latin1'), 0, text.length) };
};

const host = 'Host: a\r\n';

test('accepts well-formed requests', () => {
  const cases: readonly (readonly [string, (head: MessageHead) => void])[] = [
    [`GET / HTTP/1.1\r\n${host}\r\n`, (head) => assert.equal(head.contentLength, -1)],
    [
      `POST /a?b HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\n`,
      (head) => assert.equal(head.contentLength, 5),
    ],
    ['GET / HTTP/1.1\r\n\r\n', (head) => assert.equal(head.hostLine, -1)],
    [
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`,
      (head) => assert.ok(head.hasFlag(headFlag.chunked)),
    ],
    [
      `POST / HTTP/1.1\r\n${host}transfer-encoding:  CHUNKED \r\n\r\n`,
      (head) => assert.ok(head.hasFlag(headFlag.chunked)),
    ],
    ['GET / HTTP/1.0\r\n\r\n', (head) => assert.ok(head.hasFlag(headFlag.http10))],
    [
      `GET / HTTP/1.1\r\n${host}Connection: Upgrade, Close\r\nUpgrade: websocket\r\n\r\n`,
      (head) => assert.ok(head.hasFlag(headFlag.close) && head.hasFlag(headFlag.upgrade)),
    ],
    [`GET / HTTP/1.1\r\n${host}Empty:\r\n\r\n`, (head) => assert.equal(head.get('empty'), '')],
    [`GET / HTTP/1.1\r\n${host}A: \t b c \t\r\n\r\n`, (head) => assert.equal(head.get('a'), 'b c')],
    [`GET / HTTP/1.1\r\n${host}A: 1\r\na: 2\r\n\r\n`, (head) => assert.equal(head.get('a'), '1,2')],
    [
      `GET / HTTP/1.1\r\n${host}A: caf\xe9\r\n\r\n`,
      (head) => assert.equal(head.get('a'), 'caf\xe9'),
    ],
    [`M-SEARCH * HTTP/1.1\r\n${host}\r\n`, (head) => assert.equal(head.methodEnd, 8)],
  ];
  for (const [text, check] of cases) {
    const { head, outcome } = request(text);
    assert.equal(outcome, text.length, JSON.stringify(text));
    check(head);
  }
});

test('refuses malformed and ambiguous requests', () => {
  const body = (lines: string): string => `POST / HTTP/1.1\r\n${host}${lines}\r\n`;
  const cases: readonly string[] = [
    // request line
    ' / HTTP/1.1\r\n',
    'GET\t/ HTTP/1.1\r\n',
    'GET  / HTTP/1.1\r\n',
    'GET / HTTP/1.1 \r\n',
    'GET / HTTP/1.1x\r\n',
    'GET / HTTP/11\r\nHost: a\r\n\r\n',
    'GET / http/1.1\r\n',
    'GET / HTTP/1.1\nHost: a\r\n\r\n',
    'GET /a\x01 HTTP/1.1\r\n',
    'GET /\x80 HTTP/1.1\r\n',
    'GET /a b HTTP/1.1\r\n',
    'G(T / HTTP/1.1\r\n',
    // header lines
    body('A : b\r\n'),
    body(' A: b\r\n'),
    body('A: b\r\n c\r\n'),
    body(': b\r\n'),
    body('A\r\n'),
    body('A(: b\r\n'),
    body('A: b\rc\r\n'),
    body('A: b\n'),
    body('A: b\nX: y\r\n'),
    // host
    `GET / HTTP/1.1\r\n${host}${host}\r\n`,
    // content-length
    body('Content-Length: 5\r\nContent-Length: 6\r\n'),
    body('Content-Length: 5\r\ncontent-length: 5\r\n'),
    body('Content-Length: 5, 5\r\n'),
    body('Content-Length: +5\r\n'),
    body('Content-Length: -5\r\n'),
    body('Content-Length: 0x5\r\n'),
    body('Content-Length: 5 5\r\n'),
    body('Content-Length:\r\n'),
    body('Content-Length: 5a\r\n'),
    body('Content-Length: 9999999999999999\r\n'),
    // smuggling
    body('Transfer\x0b-Encoding: chunked\r\n'),
  ];
  for (const text of cases)
    assert.equal(request(text).outcome, parseOutcome.malformed, JSON.stringify(text));
});

test('refuses transfer codings it does not know with their own outcome', () => {
  for (const value of [
    'gzip',
    'gzip, chunked',
    'chunked, gzip',
    'xchunked',
    'chunkedx',
    '"chunked"',
    'chunked;a=b',
    'chunked\r\nTransfer-Encoding: chunked',
    'chunked\r\nTransfer-Encoding: identity',
    '',
  ]) {
    const { outcome } = request(`POST / HTTP/1.1\r\n${host}Transfer-Encoding: ${value}\r\n\r\n`);
    assert.equal(outcome, parseOutcome.unknownTransferCoding, value);
  }
});

test('tells why a head is refused where the answer depends on it', () => {
  const lines = (text: string): number => request(`POST / HTTP/1.1\r\n${host}${text}\r\n`).outcome;
  const { lengthAndChunked, invalidCharacters, otherVersion } = parseOutcome;
  assert.equal(lines('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'), lengthAndChunked);
  assert.equal(lines('Transfer-Encoding: chunked\r\nContent-Length: 0\r\n'), lengthAndChunked);
  assert.equal(lines('A: b\x00c\r\n'), invalidCharacters);
  assert.equal(lines('A: b\x7fc\r\n'), invalidCharacters);
  assert.equal(request('GET / HTTP/1.2\r\n').outcome, otherVersion);
  assert.equal(request('GET / HTTP/2.0\r\n').outcome, otherVersion);
});

test('bounds the number of headers', () => {
  const lines = (count: number): string => 'a: b\r\n'.repeat(count);
  assert.ok(request(`GET / HTTP/1.1\r\n${host}${lines(99)}\r\n`).outcome > 0);
  assert.equal(
    request(`GET / HTTP/1.1\r\n${host}${lines(100)}\r\n`).outcome,
    parseOutcome.tooManyHeaders,
  );
});

test('every proper prefix of a request is incomplete', () => {
  const text = `POST /a HTTP/1.1\r\n${host}Content-Length: 5\r\nX-Long: value here\r\n\r\n`;
  for (let end = 0; end < text.length; end++) {
    assert.equal(request(text.slice(0, end)).outcome, parseOutcome.incomplete, String(end));
  }
});

test('reads responses', () => {
  assert.equal(response('HTTP/1.1 200 OK\r\nA: b\r\n\r\n').head.status, 200);
  assert.equal(response('HTTP/1.1 204\r\nA: b\r\n\r\n').head.status, 204);
  assert.ok(response('HTTP/1.0 301 Moved\r\nA: b\r\n\r\n').head.hasFlag(headFlag.http10));
  for (const text of [
    'HTTP/1.1 20 OK\r\nA: b\r\n\r\n',
    'HTTP/1.1 2000 OK\r\nA: b\r\n\r\n',
    'HTTP/1.1  200 OK\r\nA: b\r\n\r\n',
    'HTTQ/1.1 200 OK\r\nA: b\r\n\r\n',
    'HTTP/1.1 200 OK\nA: b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
  ]) {
    assert.equal(response(text).outcome, parseOutcome.malformed, JSON.stringify(text));
  }
});

test('edits keep what is not edited', () => {
  const { head } = request('GET /old HTTP/1.1\r\nHost: a\r\nB: 1\r\nC: 2\r\nb: 3\r\nD: 4\r\n\r\n');
  assert.equal(
    head.serialize(),
    'GET /old HTTP/1.1\r\nHost: a\r\nB: 1\r\nC: 2\r\nb: 3\r\nD: 4\r\n\r\n',
  );
  head.remove('b');
  head.append('e', '5');
  head.set('d', '6');
  assert.equal(head.get('b'), undefined);
  assert.equal(head.get('d'), '6');
  assert.equal(
    head.serialize('GET /new HTTP/1.1\r\n'),
    'GET /new HTTP/1.1\r\nHost: a\r\nC: 2\r\ne: 5\r\nd: 6\r\n\r\n',
  );
  head.set('e', '7');
  head.remove('host');
  assert.equal(head.serialize(), 'GET /old HTTP/1.1\r\nC: 2\r\nd: 6\r\ne: 7\r\n\r\n');
  head.append('a', 'x');
  assert.deepEqual(
    [...head.entries()],
    [
      ['c', '2'],
      ['d', '6'],
      ['e', '7'],
      ['a', 'x'],
    ],
  );
});

test('a head of lines only is written under the start line it is given', () => {
  const head = new MessageHead();
  head.append('a', 'b');
  assert.equal(head.serialize('HTTP/1.1 200 OK\r\n'), 'HTTP/1.1 200 OK\r\na: b\r\n\r\n');
});
