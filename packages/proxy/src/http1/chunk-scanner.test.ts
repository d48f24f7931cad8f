import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkScanner, passUncut } from './chunk-scanner.ts';

fc.configureGlobal({ seed: 20_261_121 });

const scan = (text: string): number => {
  const bytes = Buffer.from(text, 'latin1');
  return new ChunkScanner().scan(bytes, 0, bytes.length);
};

test('finds the end of a chunked body', () => {
  for (const text of [
    '0\r\n\r\n',
    '5\r\nhello\r\n0\r\n\r\n',
    'A;name=value\r\n0123456789\r\n000\r\n\r\n',
    '1\r\na\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n',
    '5\r\nhe\r\no\r\n0\r\n\r\n',
  ]) {
    assert.equal(scan(text), text.length, JSON.stringify(text));
    assert.equal(scan(`${text}GET`), text.length, 'what follows is not taken');
  }
});

test('refuses broken framing', () => {
  for (const text of [
    '\r\n',
    'g\r\n',
    '-1\r\n',
    '0x1\r\na\r\n',
    '1 ;\0\r\na\r\n',
    ' 1\r\na\r\n',
    '1x\r\na\r\n',
    '1\na\r\n',
    '1\r\nab\r\n',
    '1\r\na\n',
    '1\r\na0\r\n\r\n',
    '1234567890123\r\n',
    '0\r\nTrailer x\r\n\r\n',
    '0\r\n trailer: x\r\n\r\n',
    '0\r\nA: b\n\r\n',
    `1;${'a'.repeat(5000)}\r\n`,
    `0\r\nA: ${'a'.repeat(70_000)}\r\n\r\n`,
  ]) {
    assert.equal(scan(text), -1, JSON.stringify(text.slice(0, 40)));
  }
});

/** What is passed on of a body that comes in pieces. */
const passedOn = (pieces: readonly string[], dropsTrailers: boolean): string => {
  const scanner = new ChunkScanner({ dropsTrailers });
  let out = '';
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1');
    const end = scanner.scan(bytes, 0, bytes.length);
    passUncut(scanner.cuts, 0, end > 0 ? end : bytes.length, (from, to) => {
      out += bytes.toString('latin1', from, to);
      return true;
    });
  }
  return out;
};

test('extensions are left out, and trailers where they are not wanted, however they are split', () => {
  const body = '3;a=b\r\nabc\r\n5 \r\nhello\r\n0;last\r\nA: b\r\nC: d\r\n\r\n';
  const plain = '3\r\nabc\r\n5\r\nhello\r\n0\r\n';
  for (let cut = 0; cut <= body.length; cut++) {
    const pieces = [body.slice(0, cut), body.slice(cut)];
    assert.equal(passedOn(pieces, false), `${plain}A: b\r\nC: d\r\n\r\n`, `cut at ${cut}`);
    assert.equal(passedOn(pieces, true), `${plain}\r\n`, `cut at ${cut}`);
  }
  assert.equal(passedOn([...body], true), `${plain}\r\n`);
});

test('property: any split finds the same end and the same data', () => {
  const bodies = fc.array(fc.string({ minLength: 1, maxLength: 40, unit: 'binary-ascii' }), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(bodies, fc.array(fc.nat(300), { maxLength: 8 }), (chunks, cuts) => {
      const framed = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
      const bytes = Buffer.from(`${framed}0\r\n\r\n`, 'latin1');
      const places = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
      const scanner = new ChunkScanner({ ranges: true });
      let data = '';
      let end = 0;
      let from = 0;
      for (const until of [...places, bytes.length]) {
        if (until === from) continue;
        end = scanner.scan(bytes, from, until);
        const ranges = scanner.ranges ?? [];
        for (let at = 0; at < ranges.length; at += 2) {
          data += bytes.toString('latin1', ranges[at], ranges[at + 1]);
        }
        from = until;
      }
      assert.equal(end, bytes.length);
      assert.equal(data, chunks.join(''));
    }),
  );
});

test('property: random bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const outcome = new ChunkScanner().scan(bytes, 0, bytes.length);
      assert.ok(outcome >= -1 && outcome <= bytes.length);
    }),
  );
});
