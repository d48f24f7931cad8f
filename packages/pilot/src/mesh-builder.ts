import {
  buildClusters,
  buildEndpoints,
  buildListeners,
  buildRoutes,
  type PushContext,
} from '@lateen/translator';
import { typeUrls } from '@lateen/xds';
import type { ResourceBuilder } from './ads/proxy-stream.ts';

/** The translator's generators over one push context. Types that it does not build have no resources. */
export const meshBuilder = (push: PushContext): ResourceBuilder => ({
  build(proxy, typeUrl, names) {
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
  },
});
