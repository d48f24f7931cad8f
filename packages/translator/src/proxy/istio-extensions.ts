/** Which of the extensions that Istio adds to Envoy a proxy has; stock Envoys have none. */
export interface IstioExtensions {
  /** `istio.stats`: Istio's metrics, and who the peer of an HTTP request is. */
  readonly stats: boolean;
  /** `istio.alpn`: offers upstreams the HTTP version of the request. */
  readonly alpn: boolean;
  /** `istio.metadata_exchange`: proxies say who they are before a connection's first byte. */
  readonly metadataExchange: boolean;
}

/** What a proxy that says nothing of its extensions has. */
const all: IstioExtensions = { stats: true, alpn: true, metadataExchange: true };

/** Message each extension is configured by, as Envoy lists it in `Extension.type_urls`. */
const typeNames: Readonly<Record<keyof IstioExtensions, string>> = {
  stats: 'stats.PluginConfig',
  alpn: 'istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig',
  metadataExchange: 'envoy.tcp.metadataexchange.config.MetadataExchange',
};

/**
 * Reads what a proxy has by the types it lists; undefined or empty: it lists none. Only what adds insight
 * is ever left out: a policy that a proxy cannot hold must be refused by it, not vanish.
 */
export const istioExtensionsOf = (listed: readonly string[] | undefined): IstioExtensions => {
  if (listed === undefined || listed.length === 0) return all;
  const types = new Set(listed);
  return {
    stats: types.has(typeNames.stats),
    alpn: types.has(typeNames.alpn),
    metadataExchange: types.has(typeNames.metadataExchange),
  };
};
