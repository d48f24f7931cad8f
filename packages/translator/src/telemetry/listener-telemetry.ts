import type { Any } from '@bufbuild/protobuf/wkt';
import type { IstioExtensions } from '../proxy/istio-extensions.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { pushMemo } from '../push-context/push-memo.ts';
import { policySubject } from '../security/policy-selection.ts';
import { type AccessLogs, accessLogs } from './access-logs.ts';
import { applicableTelemetries } from './applicable-telemetries.ts';
import { type ListenerClass, sideOf } from './side.ts';
import { statsFilters } from './stats-filters.ts';
import { type TracingSettings, tracingSettings } from './tracing.ts';

/** All that listeners of one class tell: spans, logs and metrics. */
export interface ListenerTelemetry extends TracingSettings {
  readonly accessLogs: AccessLogs;
  /** Settings of each filter `istio.stats`, for HTTP and TCP alike. */
  readonly stats: readonly Any[];
  /** What the proxy can do besides what every Envoy can. */
  readonly extensions: IstioExtensions;
}

const known = pushMemo<ListenerTelemetry>();

/** What Telemetry and MeshConfig say for listeners of a class; proxies of the same workload share it. */
export const listenerTelemetry = (
  push: PushContext,
  proxy: ProxyDescriptor,
  listenerClass: ListenerClass,
): ListenerTelemetry => {
  const subject = policySubject(push, proxy);
  const key = JSON.stringify([
    listenerClass,
    proxy.type,
    subject.namespace,
    [...subject.labels].sort(),
    [...subject.gateways],
    proxy.nodeCluster,
    proxy.namespace,
    proxy.clusterId,
    proxy.meshId,
    proxy.extensions,
    [...proxy.labels].sort(),
    proxy.tracing === undefined
      ? ''
      : { ...proxy.tracing, customTags: [...(proxy.tracing.customTags ?? [])] },
  ]);
  const { extensions } = proxy;
  return known(push, key, () => {
    const telemetries = applicableTelemetries(push, subject);
    const side = sideOf(listenerClass);
    return {
      ...tracingSettings(push, proxy, { telemetries, side }),
      accessLogs: accessLogs(push, telemetries, side),
      stats: extensions.stats ? statsFilters(push.meshConfig, telemetries, listenerClass) : [],
      extensions,
    };
  });
};
