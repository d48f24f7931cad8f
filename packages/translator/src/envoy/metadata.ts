import { create, type JsonObject } from '@bufbuild/protobuf';
import { type Metadata, MetadataSchema } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';

/** Metadata by filter name; empty groups are left out. */
export const metadata = (groups: Readonly<Record<string, JsonObject>>): Metadata =>
  create(MetadataSchema, {
    filterMetadata: Object.fromEntries(
      Object.entries(groups).filter(([, group]) => Object.keys(group).length > 0),
    ),
  });
