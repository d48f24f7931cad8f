/** Requests that are not what they seem, through the real proxy with a DENY policy before the application. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';
import { EchoUpstreams } from '../echo-upstreams.ts';
import { caseGroups } from './case-groups.ts';
import { authorizationCases } from './case-table.ts';
import { answersSentinel, http2Bytes } from './http2-bytes.ts';
import { type RawAttempt, rawAttempts } from './raw-attempts.ts';
import type { Endpoint } from './socket-verdict.ts';

const upstreams = new EchoUpstreams();
after(() => upstreams.close());

/** A proxy that waits for the rest of a malformed body may do so; nothing more will come. */
const restMs = 1_500;
/** What must be answered is, on a busy machine too. */
const patienceMs = 60_000;

const policies = authorizationCases().filter(({ name }) => name.startsWith('raw: '));
const [group] = caseGroups(policies, upstreams);
const [policy] = policies;

const sentinel = 'GET /sentinel HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n';

const bytesOf = (attempt: RawAttempt): Buffer => {
  const { http1, exact, http2, body, trailers } = attempt;
  if (http2 !== undefined) return http2Bytes(http2, body, trailers);
  const text = http1 ?? '';
  return Buffer.from((exact ? text : text.replaceAll('\n', '\r\n')) + sentinel, 'latin1');
};

/** Sends an attempt and what follows; resolves when the proxy has answered that, or closed. */
const send = async (
  attempt: RawAttempt,
  { address, port }: Endpoint,
  silenceMs = restMs,
): Promise<void> => {
  const socket = net.connect({ host: address, port, noDelay: true });
  let received = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.setTimeout(silenceMs, () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    if (attempt.http2 !== undefined && answersSentinel(received)) socket.destroy();
  });
  socket.once('connect', () => socket.write(bytesOf(attempt)));
  await once(socket, 'close');
};

for (const attempt of rawAttempts) {
  test(attempt.name, async () => {
    assert.ok(group !== undefined && policy !== undefined);
    const before = upstreams.seen.length;
    await send(attempt, await group.endpointOf(policy));
    for (const { path, authority } of upstreams.seen.slice(before)) {
      assert.doesNotMatch(`${authority}${path}`, /admin/);
      assert.match(path, /^\/(public|sentinel|)$/);
    }
  });
}

test('an honest request is delivered all the same', async () => {
  assert.ok(group !== undefined && policy !== undefined);
  const before = upstreams.seen.length;
  await send(
    { name: '', http1: 'GET /public HTTP/1.1\nhost: web\n\n' },
    await group.endpointOf(policy),
    patienceMs,
  );
  const paths = upstreams.seen.slice(before).map(({ path }) => path);
  assert.deepEqual(paths, ['/public', '/sentinel']);
});

test('so many attempts', () => {
  assert.ok(rawAttempts.length >= 60, String(rawAttempts.length));
});
