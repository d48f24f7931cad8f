import { create, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type TypedExtensionConfig,
  TypedExtensionConfigSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/extension_pb.js';
import type { SubstitutionFormatStringSchema } from '@lateen/xds/gen/envoy/config/core/v3/substitution_format_string_pb.js';
import { ReqWithoutQuerySchema } from '@lateen/xds/gen/envoy/extensions/formatter/req_without_query/v3/req_without_query_pb.js';

/** Istio's default text format (`telemetry_logging.go`). */
export const istioTextFormat: string =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ' +
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% ' +
  '%CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% ' +
  '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" ' +
  '"%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% ' +
  '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n';

/** Istio's default JSON format. */
const istioJsonFormat: JsonObject = {
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

type FormatFields = MessageInitShape<typeof SubstitutionFormatStringSchema>;

/** The operator that Envoy knows only if told so. */
export const reqWithoutQueryFormatters = (...texts: readonly string[]): TypedExtensionConfig[] =>
  texts.some((text) => text.includes('%REQ_WITHOUT_QUERY'))
    ? [
        create(TypedExtensionConfigSchema, {
          name: 'envoy.formatter.req_without_query',
          typedConfig: packAny(ReqWithoutQuerySchema, create(ReqWithoutQuerySchema)),
        }),
      ]
    : [];

/** One line of text for each entry, with its newline. '' takes Istio's. */
export const textLogFormat = (format: string): FormatFields => {
  const line = format.endsWith('\n') ? format : `${format}\n`;
  return {
    format: {
      case: 'textFormatSource',
      value: { specifier: { case: 'inlineString', value: format === '' ? istioTextFormat : line } },
    },
    formatters: reqWithoutQueryFormatters(format),
  };
};

/** Strings of the top level, where operators are looked for as in Istio. */
export const stringsOf = (labels: JsonObject): readonly string[] =>
  Object.values(labels).filter((value) => typeof value === 'string');

/** One JSON object for each entry, in the order of its keys. Without any it is Istio's. */
export const jsonLogFormat = (labels: JsonObject = {}): FormatFields => {
  const value = Object.keys(labels).length === 0 ? istioJsonFormat : labels;
  return {
    format: { case: 'jsonFormat', value },
    jsonFormatOptions: { sortProperties: false },
    formatters: reqWithoutQueryFormatters(...stringsOf(value)),
  };
};

/** JSON of MeshConfig's `accessLogFormat`; text that is no JSON object falls back to Istio's. */
export const parseJsonFormat = (format: string): JsonObject | undefined => {
  try {
    const parsed: unknown = JSON.parse(format);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return parsed as JsonObject;
    }
  } catch {
    // Reported by whoever read the mesh configuration.
  }
  return undefined;
};
