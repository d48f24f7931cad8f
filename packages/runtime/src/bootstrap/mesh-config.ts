import type { ConfigMap } from '@lateen/api';
import { isKubeError, type KubeClient, resources } from '@lateen/kube';
import { wasAppliedAs } from './object-applier.ts';
import { telemetryHost, telemetryPorts } from './telemetry-service.ts';

const reference = { name: 'istio', namespace: 'istio-system' };

/** Without eyes proxies would make spans that nobody takes. */
const tracingByDefault = `  tracing:
  - otel-tracing
`;

/**
 * MeshConfig as `istioctl install --set profile=demo` writes it, where it differs from the defaults. Besides,
 * the mesh's own eyes take spans and logs, in every way that they can be sent.
 */
const meshConfig = (hasEyes: boolean): string => `accessLogFile: /dev/stdout
defaultConfig:
  discoveryAddress: istiod.istio-system.svc:15012
  tracing:
    sampling: 100
defaultProviders:
  metrics:
  - prometheus
${hasEyes ? tracingByDefault : ''}enablePrometheusMerge: true
extensionProviders:
- name: otel-tracing
  opentelemetry:
    service: ${telemetryHost}
    port: ${telemetryPorts['grpc-otlp']}
- name: otel-tracing-http
  opentelemetry:
    service: ${telemetryHost}
    port: ${telemetryPorts['http-otlp']}
    http:
      path: /v1/traces
      timeout: 5s
- name: zipkin
  zipkin:
    service: ${telemetryHost}
    port: ${telemetryPorts['http-zipkin']}
- name: otel-logs
  envoyOtelAls:
    service: ${telemetryHost}
    port: ${telemetryPorts['grpc-otlp']}
outboundTrafficPolicy:
  mode: ALLOW_ANY
rootNamespace: istio-system
trustDomain: cluster.local
`;

/** ConfigMap that istiod reads its mesh configuration from. */
export const meshConfigMap = (hasEyes: boolean): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...reference, labels: { release: 'istio', 'istio.io/rev': 'default' } },
  data: { mesh: meshConfig(hasEyes), meshNetworks: 'networks: {}\n' },
});

/**
 * Whether the mesh configuration was written for a cluster with eyes and is now for one without, or the other way round,
 * and somebody has changed it since: then it stays as it is. Rejects with KubeError.
 */
export const keepsMeshConfig = async (client: KubeClient, hasEyes: boolean): Promise<boolean> => {
  const before = meshConfigMap(!hasEyes);
  try {
    const present = await client.get<ConfigMap>(resources.configMaps, reference);
    return wasAppliedAs(present, before) && present.data?.['mesh'] !== before.data?.['mesh'];
  } catch (error) {
    if (isKubeError(error, 'not-found')) return false;
    throw error;
  }
};
