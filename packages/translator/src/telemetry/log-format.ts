import { create, type JsonObject } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type AccessLog,
  AccessLogSchema,
} from '@lateen/xds/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import { FileAccessLogSchema } from '@lateen/xds/gen/envoy/extensions/access_loggers/file/v3/file_pb.js';
import type { MeshConfig } from '../mesh/mesh-config.ts';

/** Istio's default text format (`telemetry_logging.go`). */
const textFormat: string =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ' +
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% ' +
  '%CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% ' +
  '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" ' +
  '"%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% ' +
  '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n';

const jsonFormat: JsonObject = {
  start_time: '%START_TIME%',
  route_name: '%ROUTE_NAME%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  response_code: '%RESPONSE_CODE%',
  response_flags: '%RESPONSE_FLAGS%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  duration: '%DURATION%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
  user_agent: '%REQ(USER-AGENT)%',
  request_id: '%REQ(X-REQUEST-ID)%',
  authority: '%REQ(:AUTHORITY)%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
};

/** A JSON format of the user's; text that is no JSON object falls back to Istio's. */
const parseJsonFormat = (format: string): JsonObject => {
  try {
    const parsed: unknown = JSON.parse(format);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return parsed as JsonObject;
    }
  } catch {
    // Reported by whoever read the mesh configuration.
  }
  return jsonFormat;
};

const formatOf = ({ accessLogEncoding, accessLogFormat }: MeshConfig) => {
  if (accessLogEncoding === 'JSON') {
    const value = accessLogFormat === '' ? jsonFormat : parseJsonFormat(accessLogFormat);
    return { case: 'jsonFormat', value } as const;
  }
  const text = accessLogFormat === '' ? textFormat : accessLogFormat;
  return {
    case: 'textFormatSource',
    value: { specifier: { case: 'inlineString', value: text } },
  } as const;
};

const fileLog = (mesh: MeshConfig): AccessLog =>
  create(AccessLogSchema, {
    name: 'envoy.access_loggers.file',
    configType: {
      case: 'typedConfig',
      value: packAny(
        FileAccessLogSchema,
        create(FileAccessLogSchema, {
          path: mesh.accessLogFile,
          accessLogFormat: { case: 'logFormat', value: { format: formatOf(mesh) } },
        }),
      ),
    },
  });

/** One line for each request or connection. Empty when the mesh keeps no log. */
export const accessLogs = (mesh: MeshConfig): AccessLog[] =>
  mesh.accessLogFile === '' ? [] : [fileLog(mesh)];

/** For listeners: only what never reached a filter chain. */
export const listenerAccessLogs = (mesh: MeshConfig): AccessLog[] =>
  accessLogs(mesh).map((log) => ({
    ...log,
    filter: create(AccessLogSchema, {
      filter: { filterSpecifier: { case: 'responseFlagFilter', value: { flags: ['NR'] } } },
    }).filter,
  }));
