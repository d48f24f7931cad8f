import { fromBinary, fromJson, type JsonObject, toBinary, toJson } from '@bufbuild/protobuf';
import { AnySchema, anyPack, anyUnpack, StructSchema } from '@bufbuild/protobuf/wkt';
import type { PeerFacts } from '../../http/exchange.ts';
import { type MeshIdentity, peerFacts, sharedMetadata } from '../istio.stats/mesh-identity.ts';

/** `0x3d230467`, big-endian; the length of the message follows in four bytes. */
const magic = Buffer.from([0x3d, 0x23, 0x04, 0x67]);
const headBytes = 8;
/** A longer message is no peer's: theirs have a few hundred bytes. */
const maxMessageBytes = 65_536;

const metadataKey = 'x-envoy-peer-metadata';
const idKey = 'x-envoy-peer-metadata-id';
const nothing: Buffer = Buffer.alloc(0);

/** What a proxy says of itself before the first byte of a connection: a `Struct` in an `Any`. */
export const encodePeerFrame = ({ id, node }: MeshIdentity): Buffer => {
  const struct = fromJson(StructSchema, {
    [metadataKey]: sharedMetadata(node.metadata as JsonObject),
    [idKey]: id,
  });
  const message = toBinary(AnySchema, anyPack(StructSchema, struct));
  const head = Buffer.alloc(headBytes);
  magic.copy(head);
  head.writeUInt32BE(message.length, magic.length);
  return Buffer.concat([head, message]);
};

/** Undefined: the bytes are no such message, or say nothing of the peer. */
const decodePeer = (message: Uint8Array): PeerFacts | undefined => {
  try {
    const struct = anyUnpack(fromBinary(AnySchema, message), StructSchema);
    const metadata = struct && (toJson(StructSchema, struct) as JsonObject)[metadataKey];
    if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
      return undefined;
    }
    return peerFacts(metadata);
  } catch {
    return undefined;
  }
};

/**
 * What was found at the beginning of a stream. `absent`: it begins with something else, which is
 * the application's; `damaged`: a frame without a peer in it; `oversized`: where it ends nobody
 * will know; `cut`: the stream ended inside it.
 */
export type PeerFrameState = 'reading' | 'found' | 'absent' | 'damaged' | 'oversized' | 'cut';

/** Takes the peer's frame off the beginning of a stream, in whatever pieces it comes. */
export class PeerFrameReader {
  state: PeerFrameState = 'reading';
  peer: PeerFacts | undefined = undefined;
  /** What came so far, joined only when there may be enough of it. */
  #parts: Buffer[] = [];
  #length = 0;
  #needed = 1;

  /** Part of a frame came, and the rest did not. */
  get isInside(): boolean {
    return this.state === 'reading' && this.#length > 0;
  }

  /** Bytes of the application; empty while the frame is not complete. */
  take(chunk: Buffer): Buffer {
    if (this.state === 'oversized') return nothing;
    if (this.state !== 'reading') return chunk;
    this.#parts.push(chunk);
    this.#length += chunk.length;
    return this.#length < this.#needed ? nothing : this.#read(this.#join());
  }

  /** The stream has ended: bytes that were held back though they are the application's. */
  end(): Buffer {
    if (this.state !== 'reading') return nothing;
    const held = this.#join();
    // As Envoy: a head that never became one is passed on.
    return held.length < headBytes ? this.#settle('absent', held) : this.#settle('cut', nothing);
  }

  #join(): Buffer {
    const { length, 0: only = nothing } = this.#parts;
    const bytes = length > 1 ? Buffer.concat(this.#parts) : only;
    this.#parts = [bytes];
    return bytes;
  }

  #read(bytes: Buffer): Buffer {
    const compared = Math.min(bytes.length, magic.length);
    // Envoy would wait for eight bytes; a shorter message than that would then never arrive.
    if (bytes.compare(magic, 0, compared, 0, compared) !== 0) return this.#settle('absent', bytes);
    if (bytes.length < headBytes) return nothing;
    const length = bytes.readUInt32BE(magic.length);
    if (length > maxMessageBytes) return this.#settle('oversized', nothing);
    const end = headBytes + length;
    this.#needed = end;
    if (bytes.length < end) return nothing;
    this.peer = decodePeer(bytes.subarray(headBytes, end));
    return this.#settle(this.peer === undefined ? 'damaged' : 'found', bytes.subarray(end));
  }

  #settle(state: PeerFrameState, rest: Buffer): Buffer {
    this.state = state;
    this.#parts = [];
    this.#length = 0;
    return rest;
  }
}
