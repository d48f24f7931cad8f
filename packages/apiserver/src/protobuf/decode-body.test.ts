import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeProtobufBody } from './decode-body.ts';

fc.configureGlobal({ seed: 20_261_121 });

const testdata = new URL('testdata/', import.meta.url);
const names = readdirSync(testdata)
  .filter((name) => name.endsWith('.hex'))
  .map((name) => name.slice(0, -'.hex'.length));

const recorded = (name: string): Buffer =>
  Buffer.from(readFileSync(new URL(`${name}.hex`, testdata), 'utf8').replaceAll('\n', ''), 'hex');

describe('protobuf bodies recorded from kubectl', () => {
  assert.ok(names.length > 0);
  for (const name of names) {
    it(name, () => {
      const expected: unknown = JSON.parse(readFileSync(new URL(`${name}.json`, testdata), 'utf8'));
      assert.deepEqual(decodeProtobufBody(recorded(name)), { object: expected });
    });
  }
});

describe('other bodies', () => {
  const magic = Buffer.from('k8s\0');

  it('never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeProtobufBody(bytes);
        decodeProtobufBody(Buffer.concat([magic, bytes]));
      }),
    );
  });

  it('never throw when a real one is damaged', () => {
    const body = recorded('10-deployments');
    fc.assert(
      fc.property(fc.nat({ max: body.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const damaged = Buffer.from(body);
        damaged[at] = byte;
        decodeProtobufBody(damaged);
        decodeProtobufBody(body.subarray(0, at));
      }),
    );
  });

  it('are refused without the magic number, and for unknown kinds', () => {
    assert.ok('error' in decodeProtobufBody(Buffer.from('{}')));
    const unknown = Buffer.concat([
      magic,
      Buffer.from([10, 9, 10, 2, 0x76, 0x31, 18, 3, 0x46, 0x6f, 0x6f]),
    ]);
    assert.deepEqual(decodeProtobufBody(unknown), {
      error: 'Foo in v1 cannot be read as protobuf; send it as JSON',
    });
  });
});
