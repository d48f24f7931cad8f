import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { RawClient } from '../testing/raw-client.ts';
import { routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';
import { httpUpstream } from '../testing/upstream.ts';

const clients = 12;
const rounds = 14;
/** Around what a read brings, what is copied, and what a socket buffers. */
const sizes = [0, 1, 900, 4000, 4096, 4200, 16_000, 16_384, 20_000, 65_536, 300_000];

const circuitBreakers = { thresholds: [{ maxRetries: clients }] };

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Reads a body with pauses, so that bytes wait in the proxy; fails every third first try. */
const slowUpstream = () => {
  const tries = new Map<string, number>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const hash = createHash('sha256');
    for await (const piece of request) {
      hash.update(piece as Buffer);
      for (let pause = 0; pause < 3; pause++) await turn();
    }
    const id = request.url ?? '';
    const before = tries.get(id) ?? 0;
    tries.set(id, before + 1);
    const refuses = before === 0 && Number(id.split('-')[1]) % 3 === 0;
    response.statusCode = refuses ? 503 : 200;
    response.end(hash.digest('hex'));
  };
  return httpUpstream((request, response) => void answer(request, response));
};

const request = (id: string, body: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST /${id} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\nX-Fill: ${'f'.repeat(300)}\r\n\r\n`,
    ),
    body,
  ]);

test('bodies on kept connections arrive as they were sent, while reads go on', async () => {
  await using up = await slowUpstream();
  const retryPolicy = { retryOn: '5xx', numRetries: 2, retryBackOff: { baseInterval: '0.001s' } };
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port], { circuitBreakers })],
    routes: [routeTo('up', '/', { retryPolicy })],
  });
  const visit = async (client: number): Promise<void> => {
    const connection = await RawClient.connect(running.port);
    for (let round = 0; round < rounds; round += 2) {
      // Two at once: the second waits in the proxy, behind the first one's body.
      const bodies = [round, round + 1].map((at) =>
        randomBytes(sizes[(client + at) % sizes.length] as number),
      );
      for (const [at, body] of bodies.entries()) {
        connection.send(request(`${client}-${round + at}`, body));
      }
      for (const [at, body] of bodies.entries()) {
        const answer = await connection.response();
        assert.equal(answer.status, 200);
        assert.equal(answer.body.toString(), digest(body), `${client}-${round + at}`);
      }
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => visit(client)));
});
