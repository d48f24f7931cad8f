import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type AccessLog,
  AccessLogSchema,
} from '@lateen/xds/gen/envoy/config/accesslog/v3/accesslog_pb.js';

/** An access log by its settings. */
export const typedLog = <Desc extends DescMessage>(
  name: string,
  schema: Desc,
  message: MessageShape<Desc>,
): AccessLog =>
  create(AccessLogSchema, {
    name,
    configType: { case: 'typedConfig', value: packAny(schema, message) },
  });
