import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GrpcMessages } from './grpc-messages.ts';

fc.configureGlobal({ seed: 20_261_121 });

const message = (length: number): Buffer => {
  const bytes = Buffer.alloc(5 + length, 7);
  bytes[0] = length % 2;
  bytes.writeUInt32BE(length, 1);
  return bytes;
};

test('properties: messages are counted, however their bytes are cut', () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 20 });
  fc.assert(
    fc.property(lengths, fc.array(fc.integer({ min: 1, max: 50 })), (sizes, cuts) => {
      const whole = Buffer.concat(sizes.map(message));
      const { request } = new GrpcMessages();
      let at = 0;
      for (const cut of [...cuts, whole.length]) {
        const end = Math.min(whole.length, at + cut);
        request.read(whole, at, end);
        at = end;
      }
      assert.equal(request.count, sizes.length);
    }),
  );
});

test('a message that is cut short does not count', () => {
  const { request, response } = new GrpcMessages();
  const bytes = Buffer.concat([message(10), message(20)]);
  request.read(bytes, 0, bytes.length - 1);
  assert.equal(request.count, 1);
  assert.equal(response.count, 0);
});
