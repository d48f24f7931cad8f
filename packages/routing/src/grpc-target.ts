import type { GrpcService } from '@lateen/xds/gen/envoy/config/core/v3/grpc_service_pb.js';
import { durationMsOr } from './duration.ts';
import type { Findings } from './findings.ts';
import type { OtlpTarget } from './tracing-settings.ts';

/** Where a gRPC service is; undefined, with a warning, where it is no cluster. */
export const compileGrpcTarget = (
  service: GrpcService,
  findings: Findings,
  path: string,
): Extract<OtlpTarget, { readonly kind: 'grpc' }> | undefined => {
  const target = service.targetSpecifier;
  if (target.case !== 'envoyGrpc') {
    findings.warning(path, 'FieldUnsupported', 'only clusters can be called (envoy_grpc)');
    return undefined;
  }
  const { clusterName: cluster, authority } = target.value;
  if (cluster === '') {
    findings.error(`${path}.envoy_grpc.cluster_name`, 'FieldRequired', 'is required');
  }
  return {
    kind: 'grpc',
    cluster,
    authority,
    timeoutMs: durationMsOr(service.timeout, 0),
    headers: service.initialMetadata.map(({ key, value }) => [key.toLowerCase(), value]),
  };
};
