import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange, LocalReply } from './exchange.ts';
import { localReplyHead } from './local-reply.ts';

const replyTo = (contentType: string | undefined, reply: Partial<LocalReply>) => {
  const exchange = {
    header: (name: string) => (name === 'content-type' ? contentType : undefined),
  };
  const whole = { status: 503, body: '', details: 'test', ...reply };
  return localReplyHead(exchange as unknown as Exchange, whole);
};

test('gRPC callers get the status that belongs to the answer, in a head alone', () => {
  // Envoy's Grpc::Utility::httpToGrpcStatus.
  for (const [status, grpc] of [
    [400, '13'],
    [401, '16'],
    [403, '7'],
    [404, '12'],
    [408, '2'],
    [413, '2'],
    [429, '14'],
    [500, '2'],
    [502, '14'],
    [503, '14'],
    [504, '14'],
  ] as const) {
    for (const contentType of [
      'application/grpc',
      'application/grpc+proto',
      'application/grpc; x',
    ]) {
      const answer = replyTo(contentType, { status, body: 'because: 100 % ä\n' });
      assert.equal(answer.status, 200);
      assert.equal(answer.body, '');
      assert.equal(answer.head.get('content-type'), 'application/grpc');
      assert.equal(answer.head.get('grpc-status'), grpc, String(status));
      assert.equal(answer.head.get('grpc-message'), 'because: 100 %25 %C3%A4%0A');
    }
  }
});

test('a status given beats the one that would be derived; no body, no message', () => {
  const answer = replyTo('application/grpc', { status: 504, grpcStatus: 4 });
  assert.equal(answer.head.get('grpc-status'), '4');
  assert.equal(answer.head.has('grpc-message'), false);
});

test('others get status and text', () => {
  for (const contentType of [undefined, 'application/grpc-web', 'application/json']) {
    const answer = replyTo(contentType, { status: 503, body: 'no healthy upstream' });
    assert.equal(answer.status, 503);
    assert.equal(answer.body, 'no healthy upstream');
    assert.equal(answer.head.get('content-length'), '19');
    assert.equal(answer.head.get('content-type'), 'text/plain');
    assert.equal(answer.head.has('grpc-status'), false);
  }
});
