/** An HTTP proxy that takes requests in absolute-form. */
export interface HttpProxy {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `http_proxy` or `HTTP_PROXY`.
 * @returns undefined when neither is set, or when what is set is not an `http://host:port` address
 */
export function proxyFromEnv(env: NodeJS.ProcessEnv): HttpProxy | undefined {
  const value = env['http_proxy'] || env['HTTP_PROXY'];
  if (!value) return undefined;
  const url = URL.parse(value.includes('://') ? value : `http://${value}`);
  if (url?.protocol !== 'http:') return undefined;
  return { host: url.hostname, port: Number(url.port || 80) };
}

/** The entries of `no_proxy` or `NO_PROXY`, lower case. */
export function noProxyFromEnv(env: NodeJS.ProcessEnv): readonly string[] {
  const value = env['no_proxy'] ?? env['NO_PROXY'] ?? '';
  return value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
}

/**
 * Whether `url` is to be asked without the proxy, as curl decides it: an entry names a host or a domain with all
 * hosts below it, a leading dot or `*.` changes nothing, a `:port` has to be equal, `*` is every host.
 */
export function bypassesProxy(url: URL, noProxy: readonly string[]): boolean {
  const port = url.port || '80';
  return noProxy.some((entry) => {
    if (entry === '*') return true;
    const [, name = '', entryPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
    if (entryPort !== undefined && entryPort !== port) return false;
    const domain = name.replace(/^\*?\./, '');
    return url.hostname === domain || url.hostname.endsWith(`.${domain}`);
  });
}
