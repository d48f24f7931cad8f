import { create } from '@bufbuild/protobuf';
import type { Bootstrap } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { NodeSchema } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import { ApiConfigSource_ApiType as ApiType } from '@lateen/xds/gen/envoy/config/core/v3/config_source_pb.js';
import { ProxyError } from '../proxy-error.ts';
import type { AdsClient } from './ads-client.ts';
import type { AdsDependencies } from './ads-dependencies.ts';

/** Starts the client a bootstrap asks for; undefined when it has no ADS. */
export const startAds = async (
  bootstrap: Bootstrap,
  deps: AdsDependencies,
): Promise<AdsClient | undefined> => {
  const ads = bootstrap.dynamicResources?.adsConfig;
  if (ads === undefined) return undefined;
  const target = ads.grpcServices[0]?.targetSpecifier;
  if (target?.case !== 'envoyGrpc') {
    throw new ProxyError('BootstrapInvalid', 'ads_config needs grpc_services with envoy_grpc');
  }
  const { clusterName } = target.value;
  const { clusters } = deps.configuration;
  if (clusters.get(clusterName) === undefined && !clusters.warmingNames.includes(clusterName)) {
    throw new ProxyError(
      'BootstrapInvalid',
      `ads_config names ${clusterName}, which is no static cluster`,
    );
  }
  // gRPC takes a good part of the start-up time; a static proxy does without.
  const { AdsClient: Client } = await import('./ads-client.ts');
  const isDelta =
    ads.apiType === ApiType.DELTA_GRPC || ads.apiType === ApiType.AGGREGATED_DELTA_GRPC;
  const client = new Client({
    ...deps,
    clusterName,
    isDelta,
    node: bootstrap.node ?? create(NodeSchema),
    wantsClusters: bootstrap.dynamicResources?.cdsConfig !== undefined,
    wantsListeners: bootstrap.dynamicResources?.ldsConfig !== undefined,
  });
  client.start();
  return client;
};
