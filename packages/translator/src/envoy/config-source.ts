import { create } from '@bufbuild/protobuf';
import {
  ApiVersion,
  type ConfigSource,
  ConfigSourceSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/config_source_pb.js';
import { duration } from './duration.ts';

/** "From the stream you are on", waiting as long as it takes. */
export const adsSource = (): ConfigSource =>
  create(ConfigSourceSchema, {
    configSourceSpecifier: { case: 'ads', value: {} },
    initialFetchTimeout: duration(0),
    resourceApiVersion: ApiVersion.V3,
  });
