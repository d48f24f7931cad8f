import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { headerDictionary } from './dictionary.ts';
import { FrameError } from './frame.ts';

/** Header names are lower case; SPDY joins several values of one name with NUL. */
export type Headers = Readonly<Record<string, string>>;

/** Largest header block after decompression: stream headers of Kubernetes are tens of bytes. */
const maxBlockBytes = 64 * 1024;

/**
 * Reads name/value pairs (SPDY/3, section 2.6.10).
 * @throws FrameError when lengths do not fit the block.
 */
export const parseHeaders = (block: Buffer): Headers => {
  let at = 0;
  const number = (): number => {
    if (at + 4 > block.length) throw new FrameError('a header block is cut short');
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const word = (): string => {
    const length = number();
    if (length > block.length - at) throw new FrameError('a header block is cut short');
    at += length;
    return block.toString('latin1', at - length, at);
  };
  const headers = new Map<string, string>();
  for (let left = number(); left > 0; left--) {
    const name = word().toLowerCase();
    headers.set(name, word());
  }
  return Object.fromEntries(headers);
};

/** The name/value block of SPDY 3.1, before compression. */
export const formatHeaders = (headers: Headers): Buffer => {
  const word = (text: string): readonly Buffer[] => {
    const bytes = Buffer.from(text, 'latin1');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  };
  const entries = Object.entries(headers);
  const count = Buffer.alloc(4);
  count.writeUInt32BE(entries.length);
  return Buffer.concat([
    count,
    ...entries.flatMap(([name, value]) => [...word(name), ...word(value)]),
  ]);
};

type Transform = Deflate | Inflate;

/** Writes `bytes` to a zlib stream and resolves with what comes out before the next sync point. */
const transform = (zlib: Transform, bytes: Buffer): Promise<Buffer> => {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const settle = (error?: Error): void => {
    zlib.off('data', collect);
    zlib.off('error', settle);
    zlib.off('close', onClose);
    if (error === undefined) resolve(Buffer.concat(chunks));
    else reject(error);
  };
  const onClose = (): void => settle(new FrameError('the session ended'));
  const collect = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= maxBlockBytes) chunks.push(chunk);
    else settle(new FrameError('a header block is too large'));
  };
  zlib.on('data', collect);
  zlib.once('error', settle);
  zlib.once('close', onClose);
  zlib.write(bytes);
  zlib.flush(constants.Z_SYNC_FLUSH, () => settle());
  return promise;
};

/**
 * The header compression of one session: one zlib stream in each direction, so blocks must be passed
 * in the order of the frames, one at a time.
 */
export class HeaderCompression {
  readonly #inflate: Inflate = createInflate({ dictionary: headerDictionary });
  readonly #deflate: Deflate = createDeflate({ dictionary: headerDictionary });

  /** Rejects when the block is not zlib data, too large or malformed. */
  async decompress(block: Buffer): Promise<Headers> {
    return parseHeaders(await transform(this.#inflate, block));
  }

  compress(headers: Headers): Promise<Buffer> {
    return transform(this.#deflate, formatHeaders(headers));
  }

  close(): void {
    for (const zlib of [this.#inflate, this.#deflate]) {
      // What still waits is rejected by 'close'; a late zlib error has nobody to tell.
      zlib.on('error', () => undefined);
      zlib.destroy();
    }
  }
}
