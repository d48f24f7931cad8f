import type { AlpnSettings } from '@lateen/routing';
import type { Exchange } from '../../http/exchange.ts';
import type { FilterVerdict, HttpFilter, RequestFilter } from '../../http/http-filter.ts';

/** Istio's name of the filter. */
export const alpnFilterName = 'istio.alpn';

/** Whether a cluster's metadata turn the filter off: servers outside the mesh (`alpn_override`). */
const isOff = (metadata: Readonly<Record<string, unknown>>): boolean => {
  const istio = metadata['istio'];
  if (typeof istio !== 'object' || istio === null) return false;
  return (istio as Readonly<Record<string, unknown>>)['alpn_override'] === 'false';
};

/** Offers Istio's protocols by the version of HTTP that will be spoken. */
class AlpnOnRoute implements RequestFilter {
  readonly #settings: AlpnSettings;

  constructor(settings: AlpnSettings) {
    this.#settings = settings;
  }

  onRequest(exchange: Exchange): FilterVerdict {
    const { cluster, connection } = exchange;
    if (cluster === undefined || isOff(cluster.table.metadata)) return 'continue';
    const { http10, http11, http2 } = this.#settings;
    const spoken = cluster.table.http.protocol;
    const isHttp2 =
      spoken === 'http2' || (spoken === 'downstream' && connection.outlet !== undefined);
    // What ALPN itself is to decide stays as the cluster has it.
    if (spoken === 'auto') return 'continue';
    const http1 = connection.isHttp10 ? http10 : http11;
    exchange.upstreamAlpn = (isHttp2 ? http2 : http1) ?? [];
    return 'continue';
  }
}

/** The ALPN filter of a chain. */
export const createAlpnFilter = (settings: AlpnSettings): HttpFilter => {
  const filter = new AlpnOnRoute(settings);
  return { name: alpnFilterName, forRoute: () => filter };
};
