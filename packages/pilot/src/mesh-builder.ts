import {
  buildClusters,
  buildEndpoints,
  buildListeners,
  buildRoutes,
  type ProxyDescriptor,
  type PushContext,
} from '@lateen/translator';
import { type Resource, typeUrls } from '@lateen/xds';
import type { ResourceBuilder } from './ads/proxy-stream.ts';
import type { ResourcePool } from './resource-pool.ts';

/** The translator's generators over one push context. Types that it does not build have no resources. */
export const meshBuilder = (push: PushContext, pool: ResourcePool): ResourceBuilder => ({
  build: (proxy, typeUrl, names) =>
    buildType(push, proxy, { typeUrl, names }).map((resource) => pool.share(resource)),
});

const buildType = (
  push: PushContext,
  proxy: ProxyDescriptor,
  { typeUrl, names }: { readonly typeUrl: string; readonly names: readonly string[] },
): readonly Resource[] => {
  switch (typeUrl) {
    case typeUrls.cluster:
      return buildClusters(push, proxy);
    case typeUrls.endpoint:
      return buildEndpoints(push, proxy, names);
    case typeUrls.listener:
      return buildListeners(push, proxy);
    case typeUrls.route:
      return buildRoutes(push, proxy, names);
    default:
      return [];
  }
};
