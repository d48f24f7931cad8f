import { createRegistry, type DescFile, type Registry } from '@bufbuild/protobuf';
import { file_envoy_admin_v3_clusters } from '../gen/envoy/admin/v3/clusters_pb.js';
import { file_envoy_admin_v3_config_dump } from '../gen/envoy/admin/v3/config_dump_pb.js';
import { file_envoy_admin_v3_listeners } from '../gen/envoy/admin/v3/listeners_pb.js';
import { file_envoy_admin_v3_server_info } from '../gen/envoy/admin/v3/server_info_pb.js';
import { file_envoy_config_bootstrap_v3_bootstrap } from '../gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { file_envoy_config_cluster_v3_cluster } from '../gen/envoy/config/cluster/v3/cluster_pb.js';
import { file_envoy_config_core_v3_extension } from '../gen/envoy/config/core/v3/extension_pb.js';
import { file_envoy_config_endpoint_v3_endpoint } from '../gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { file_envoy_config_listener_v3_listener } from '../gen/envoy/config/listener/v3/listener_pb.js';
import { file_envoy_config_route_v3_route } from '../gen/envoy/config/route/v3/route_pb.js';
import { file_envoy_config_trace_v3_opentelemetry } from '../gen/envoy/config/trace/v3/opentelemetry_pb.js';
import { file_envoy_config_trace_v3_zipkin } from '../gen/envoy/config/trace/v3/zipkin_pb.js';
import { file_envoy_extensions_access_loggers_file_v3_file } from '../gen/envoy/extensions/access_loggers/file/v3/file_pb.js';
import { file_envoy_extensions_access_loggers_filters_cel_v3_cel } from '../gen/envoy/extensions/access_loggers/filters/cel/v3/cel_pb.js';
import { file_envoy_extensions_access_loggers_grpc_v3_als } from '../gen/envoy/extensions/access_loggers/grpc/v3/als_pb.js';
import { file_envoy_extensions_access_loggers_open_telemetry_v3_logs_service } from '../gen/envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb.js';
import { file_envoy_extensions_access_loggers_stream_v3_stream } from '../gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js';
import { file_envoy_extensions_clusters_aggregate_v3_cluster } from '../gen/envoy/extensions/clusters/aggregate/v3/cluster_pb.js';
import { file_envoy_extensions_clusters_dynamic_forward_proxy_v3_cluster } from '../gen/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.js';
import { file_envoy_extensions_common_dynamic_forward_proxy_v3_dns_cache } from '../gen/envoy/extensions/common/dynamic_forward_proxy/v3/dns_cache_pb.js';
import { file_envoy_extensions_common_ratelimit_v3_ratelimit } from '../gen/envoy/extensions/common/ratelimit/v3/ratelimit_pb.js';
import { file_envoy_extensions_filters_common_fault_v3_fault } from '../gen/envoy/extensions/filters/common/fault/v3/fault_pb.js';
import { file_envoy_extensions_filters_common_set_filter_state_v3_value } from '../gen/envoy/extensions/filters/common/set_filter_state/v3/value_pb.js';
import { file_envoy_extensions_filters_http_compressor_v3_compressor } from '../gen/envoy/extensions/filters/http/compressor/v3/compressor_pb.js';
import { file_envoy_extensions_filters_http_cors_v3_cors } from '../gen/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { file_envoy_extensions_filters_http_dynamic_forward_proxy_v3_dynamic_forward_proxy } from '../gen/envoy/extensions/filters/http/dynamic_forward_proxy/v3/dynamic_forward_proxy_pb.js';
import { file_envoy_extensions_filters_http_ext_authz_v3_ext_authz } from '../gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js';
import { file_envoy_extensions_filters_http_ext_proc_v3_ext_proc } from '../gen/envoy/extensions/filters/http/ext_proc/v3/ext_proc_pb.js';
import { file_envoy_extensions_filters_http_ext_proc_v3_processing_mode } from '../gen/envoy/extensions/filters/http/ext_proc/v3/processing_mode_pb.js';
import { file_envoy_extensions_filters_http_fault_v3_fault } from '../gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { file_envoy_extensions_filters_http_grpc_stats_v3_config } from '../gen/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js';
import { file_envoy_extensions_filters_http_grpc_web_v3_grpc_web } from '../gen/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.js';
import { file_envoy_extensions_filters_http_jwt_authn_v3_config } from '../gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js';
import { file_envoy_extensions_filters_http_local_ratelimit_v3_local_rate_limit } from '../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.js';
import { file_envoy_extensions_filters_http_lua_v3_lua } from '../gen/envoy/extensions/filters/http/lua/v3/lua_pb.js';
import { file_envoy_extensions_filters_http_ratelimit_v3_rate_limit } from '../gen/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.js';
import { file_envoy_extensions_filters_http_rbac_v3_rbac } from '../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.js';
import { file_envoy_extensions_filters_http_router_v3_router } from '../gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import { file_envoy_extensions_filters_http_set_filter_state_v3_set_filter_state } from '../gen/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.js';
import { file_envoy_extensions_filters_http_stateful_session_v3_stateful_session } from '../gen/envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb.js';
import { file_envoy_extensions_filters_http_wasm_v3_wasm } from '../gen/envoy/extensions/filters/http/wasm/v3/wasm_pb.js';
import { file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector } from '../gen/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js';
import { file_envoy_extensions_filters_listener_original_dst_v3_original_dst } from '../gen/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js';
import { file_envoy_extensions_filters_listener_original_src_v3_original_src } from '../gen/envoy/extensions/filters/listener/original_src/v3/original_src_pb.js';
import { file_envoy_extensions_filters_listener_proxy_protocol_v3_proxy_protocol } from '../gen/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.js';
import { file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector } from '../gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';
import { file_envoy_extensions_filters_network_ext_authz_v3_ext_authz } from '../gen/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.js';
import { file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager } from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { file_envoy_extensions_filters_network_local_ratelimit_v3_local_rate_limit } from '../gen/envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit_pb.js';
import { file_envoy_extensions_filters_network_rbac_v3_rbac } from '../gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.js';
import { file_envoy_extensions_filters_network_set_filter_state_v3_set_filter_state } from '../gen/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.js';
import { file_envoy_extensions_filters_network_sni_cluster_v3_sni_cluster } from '../gen/envoy/extensions/filters/network/sni_cluster/v3/sni_cluster_pb.js';
import { file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy } from '../gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { file_envoy_extensions_formatter_cel_v3_cel } from '../gen/envoy/extensions/formatter/cel/v3/cel_pb.js';
import { file_envoy_extensions_formatter_metadata_v3_metadata } from '../gen/envoy/extensions/formatter/metadata/v3/metadata_pb.js';
import { file_envoy_extensions_formatter_req_without_query_v3_req_without_query } from '../gen/envoy/extensions/formatter/req_without_query/v3/req_without_query_pb.js';
import { file_envoy_extensions_http_header_validators_envoy_default_v3_header_validator } from '../gen/envoy/extensions/http/header_validators/envoy_default/v3/header_validator_pb.js';
import { file_envoy_extensions_load_balancing_policies_common_v3_common } from '../gen/envoy/extensions/load_balancing_policies/common/v3/common_pb.js';
import { file_envoy_extensions_load_balancing_policies_least_request_v3_least_request } from '../gen/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js';
import { file_envoy_extensions_load_balancing_policies_maglev_v3_maglev } from '../gen/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb.js';
import { file_envoy_extensions_load_balancing_policies_random_v3_random } from '../gen/envoy/extensions/load_balancing_policies/random/v3/random_pb.js';
import { file_envoy_extensions_load_balancing_policies_ring_hash_v3_ring_hash } from '../gen/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.js';
import { file_envoy_extensions_load_balancing_policies_round_robin_v3_round_robin } from '../gen/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.js';
import { file_envoy_extensions_path_match_uri_template_v3_uri_template_match } from '../gen/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb.js';
import { file_envoy_extensions_request_id_uuid_v3_uuid } from '../gen/envoy/extensions/request_id/uuid/v3/uuid_pb.js';
import { file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts } from '../gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import { file_envoy_extensions_retry_priority_previous_priorities_v3_previous_priorities_config } from '../gen/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.js';
import { file_envoy_extensions_tracers_opentelemetry_resource_detectors_v3_dynatrace_resource_detector } from '../gen/envoy/extensions/tracers/opentelemetry/resource_detectors/v3/dynatrace_resource_detector_pb.js';
import { file_envoy_extensions_tracers_opentelemetry_resource_detectors_v3_environment_resource_detector } from '../gen/envoy/extensions/tracers/opentelemetry/resource_detectors/v3/environment_resource_detector_pb.js';
import { file_envoy_extensions_tracers_opentelemetry_resource_detectors_v3_static_config_resource_detector } from '../gen/envoy/extensions/tracers/opentelemetry/resource_detectors/v3/static_config_resource_detector_pb.js';
import { file_envoy_extensions_tracers_opentelemetry_samplers_v3_always_on_sampler } from '../gen/envoy/extensions/tracers/opentelemetry/samplers/v3/always_on_sampler_pb.js';
import { file_envoy_extensions_transport_sockets_proxy_protocol_v3_upstream_proxy_protocol } from '../gen/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js';
import { file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer } from '../gen/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js';
import { file_envoy_extensions_transport_sockets_tls_v3_common } from '../gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { file_envoy_extensions_transport_sockets_tls_v3_secret } from '../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { file_envoy_extensions_transport_sockets_tls_v3_tls } from '../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options } from '../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import { file_envoy_extensions_wasm_v3_wasm } from '../gen/envoy/extensions/wasm/v3/wasm_pb.js';
import { file_envoy_service_discovery_v3_discovery } from '../gen/envoy/service/discovery/v3/discovery_pb.js';
import { file_istio_envoy_config_filter_http_alpn_v2alpha1_config } from '../gen/istio/envoy/config/filter/http/alpn/v2alpha1/config_pb.js';
import { file_istio_envoy_extensions_stats_config } from '../gen/istio/envoy/extensions/stats/config_pb.js';
import { file_udpa_type_v1_typed_struct } from '../gen/udpa/type/v1/typed_struct_pb.js';
import { file_xds_type_v3_typed_struct } from '../gen/xds/type/v3/typed_struct_pb.js';

/** The files and all that they import, each once. */
const withImports = (files: readonly DescFile[]): readonly DescFile[] => {
  const seen = new Set<DescFile>();
  const visit = (file: DescFile): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const imported of file.dependencies) visit(imported);
  };
  for (const file of files) visit(file);
  return [...seen];
};

/** All generated messages, for what configurations hold inside an Any. Loaded by `loadTypeRegistry`. */
export const typeRegistry: Registry = createRegistry(
  ...withImports([
    file_envoy_admin_v3_clusters,
    file_envoy_admin_v3_config_dump,
    file_envoy_admin_v3_listeners,
    file_envoy_admin_v3_server_info,
    file_envoy_config_bootstrap_v3_bootstrap,
    file_envoy_config_cluster_v3_cluster,
    file_envoy_config_core_v3_extension,
    file_envoy_config_endpoint_v3_endpoint,
    file_envoy_config_listener_v3_listener,
    file_envoy_config_route_v3_route,
    file_envoy_config_trace_v3_opentelemetry,
    file_envoy_config_trace_v3_zipkin,
    file_envoy_extensions_access_loggers_file_v3_file,
    file_envoy_extensions_access_loggers_filters_cel_v3_cel,
    file_envoy_extensions_access_loggers_grpc_v3_als,
    file_envoy_extensions_access_loggers_open_telemetry_v3_logs_service,
    file_envoy_extensions_access_loggers_stream_v3_stream,
    file_envoy_extensions_clusters_aggregate_v3_cluster,
    file_envoy_extensions_clusters_dynamic_forward_proxy_v3_cluster,
    file_envoy_extensions_common_dynamic_forward_proxy_v3_dns_cache,
    file_envoy_extensions_common_ratelimit_v3_ratelimit,
    file_envoy_extensions_filters_common_fault_v3_fault,
    file_envoy_extensions_filters_common_set_filter_state_v3_value,
    file_envoy_extensions_filters_http_compressor_v3_compressor,
    file_envoy_extensions_filters_http_cors_v3_cors,
    file_envoy_extensions_filters_http_dynamic_forward_proxy_v3_dynamic_forward_proxy,
    file_envoy_extensions_filters_http_ext_authz_v3_ext_authz,
    file_envoy_extensions_filters_http_ext_proc_v3_ext_proc,
    file_envoy_extensions_filters_http_ext_proc_v3_processing_mode,
    file_envoy_extensions_filters_http_fault_v3_fault,
    file_envoy_extensions_filters_http_grpc_stats_v3_config,
    file_envoy_extensions_filters_http_grpc_web_v3_grpc_web,
    file_envoy_extensions_filters_http_jwt_authn_v3_config,
    file_envoy_extensions_filters_http_local_ratelimit_v3_local_rate_limit,
    file_envoy_extensions_filters_http_lua_v3_lua,
    file_envoy_extensions_filters_http_ratelimit_v3_rate_limit,
    file_envoy_extensions_filters_http_rbac_v3_rbac,
    file_envoy_extensions_filters_http_router_v3_router,
    file_envoy_extensions_filters_http_set_filter_state_v3_set_filter_state,
    file_envoy_extensions_filters_http_stateful_session_v3_stateful_session,
    file_envoy_extensions_filters_http_wasm_v3_wasm,
    file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector,
    file_envoy_extensions_filters_listener_original_dst_v3_original_dst,
    file_envoy_extensions_filters_listener_original_src_v3_original_src,
    file_envoy_extensions_filters_listener_proxy_protocol_v3_proxy_protocol,
    file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector,
    file_envoy_extensions_filters_network_ext_authz_v3_ext_authz,
    file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager,
    file_envoy_extensions_filters_network_local_ratelimit_v3_local_rate_limit,
    file_envoy_extensions_filters_network_rbac_v3_rbac,
    file_envoy_extensions_filters_network_set_filter_state_v3_set_filter_state,
    file_envoy_extensions_filters_network_sni_cluster_v3_sni_cluster,
    file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy,
    file_envoy_extensions_formatter_cel_v3_cel,
    file_envoy_extensions_formatter_metadata_v3_metadata,
    file_envoy_extensions_formatter_req_without_query_v3_req_without_query,
    file_envoy_extensions_http_header_validators_envoy_default_v3_header_validator,
    file_envoy_extensions_load_balancing_policies_common_v3_common,
    file_envoy_extensions_load_balancing_policies_least_request_v3_least_request,
    file_envoy_extensions_load_balancing_policies_maglev_v3_maglev,
    file_envoy_extensions_load_balancing_policies_random_v3_random,
    file_envoy_extensions_load_balancing_policies_ring_hash_v3_ring_hash,
    file_envoy_extensions_load_balancing_policies_round_robin_v3_round_robin,
    file_envoy_extensions_path_match_uri_template_v3_uri_template_match,
    file_envoy_extensions_request_id_uuid_v3_uuid,
    file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts,
    file_envoy_extensions_retry_priority_previous_priorities_v3_previous_priorities_config,
    file_envoy_extensions_tracers_opentelemetry_resource_detectors_v3_dynatrace_resource_detector,
    file_envoy_extensions_tracers_opentelemetry_resource_detectors_v3_environment_resource_detector,
    file_envoy_extensions_tracers_opentelemetry_resource_detectors_v3_static_config_resource_detector,
    file_envoy_extensions_tracers_opentelemetry_samplers_v3_always_on_sampler,
    file_envoy_extensions_transport_sockets_proxy_protocol_v3_upstream_proxy_protocol,
    file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer,
    file_envoy_extensions_transport_sockets_tls_v3_common,
    file_envoy_extensions_transport_sockets_tls_v3_secret,
    file_envoy_extensions_transport_sockets_tls_v3_tls,
    file_envoy_extensions_upstreams_http_v3_http_protocol_options,
    file_envoy_extensions_wasm_v3_wasm,
    file_envoy_service_discovery_v3_discovery,
    file_istio_envoy_config_filter_http_alpn_v2alpha1_config,
    file_istio_envoy_extensions_stats_config,
    file_udpa_type_v1_typed_struct,
    file_xds_type_v3_typed_struct,
  ]),
);
