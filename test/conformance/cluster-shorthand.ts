const special = /Cluster$|\||^outbound_/;

const fullHost = (host: string): string =>
  host.includes('.') ? host : `${host}.default.svc.cluster.local`;

/**
 * Cluster name of `host:port/subset`; what is left out is the URL's. Hosts without a dot are
 * services in `default`. `inbound|...` and the special clusters stand for themselves.
 */
export const clusterOf = (text: string, url: string): string => {
  if (special.test(text)) return text;
  const target = /^[a-z]+:\/\/(?<host>[^:/?]+)(?::(?<port>\d+))?/.exec(url)?.groups ?? {};
  const [place = '', subset = ''] = text.split('/');
  const [host, port] = place.split(':');
  const wanted = fullHost(host || (target['host'] ?? ''));
  const defaultPort = url.startsWith('https:') ? '443' : '80';
  return `outbound|${port ?? target['port'] ?? defaultPort}|${subset}|${wanted}`;
};
