import { create, type JsonObject, toBinary } from '@bufbuild/protobuf';
import type { FormatContext, FormatNode, GrpcLogSettings } from '@lateen/routing';
import {
  HTTPAccessLogEntrySchema,
  TCPAccessLogEntrySchema,
} from '@lateen/xds/gen/envoy/data/accesslog/v3/accesslog_pb.js';
import { StreamAccessLogsMessage_IdentifierSchema } from '@lateen/xds/gen/envoy/service/accesslog/v3/als_pb.js';
import { lengthDelimited } from '../export/length-delimited.ts';
import type { RecordEncoder } from './record-encoder.ts';

/** Tags of `StreamAccessLogsMessage` and of its lists of entries: all are length-delimited. */
const tag = { identifier: 0x0a, http: 0x12, tcp: 0x1a, entry: 0x0a } as const;

/** Entries of one log, encoded as they come: a `StreamAccessLogsMessage` that says whose they are. */
export class GrpcLogEncoder implements RecordEncoder {
  readonly #identifier: Buffer;
  readonly #entries: GrpcLogSettings['entries'];
  #encoded: Buffer[] = [];
  bytes = 0;

  constructor({ logName, entries }: GrpcLogSettings, node: FormatNode) {
    const { id, cluster, metadata, locality } = node;
    const identifier = create(StreamAccessLogsMessage_IdentifierSchema, {
      logName,
      node: {
        ...{ id, cluster, metadata: metadata as JsonObject },
        ...(locality && {
          locality: { region: locality.region, zone: locality.zone, subZone: locality.sub_zone },
        }),
      },
    });
    const bytes = toBinary(StreamAccessLogsMessage_IdentifierSchema, identifier);
    this.#identifier = lengthDelimited(tag.identifier, bytes);
    this.#entries = entries;
  }

  get items(): number {
    return this.#encoded.length;
  }

  #encode(context: FormatContext): Uint8Array {
    return this.#entries.of === 'http'
      ? toBinary(HTTPAccessLogEntrySchema, this.#entries.entry(context))
      : toBinary(TCPAccessLogEntrySchema, this.#entries.entry(context));
  }

  add(context: FormatContext): void {
    const bytes = lengthDelimited(tag.entry, this.#encode(context));
    this.#encoded.push(bytes);
    this.bytes += bytes.length;
  }

  take(): Buffer {
    const entries = lengthDelimited(tag[this.#entries.of], Buffer.concat(this.#encoded));
    this.#encoded = [];
    this.bytes = 0;
    return Buffer.concat([this.#identifier, entries]);
  }
}
