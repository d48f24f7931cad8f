import { has, type JsonRecord, message, messages, text, texts } from '@lateen/xds/json-record';
import { managedBy } from './config-dump.ts';
import { formatTable } from './text-table.ts';

/** How many domains of a virtual host are shown. */
const shownDomains = 2;

/** `/get*`, `/exact`, `regex …`, `PathPrefix:/get`; headers are not shown. */
export const describeMatch = (match: JsonRecord): string => {
  const separated = text(match, 'path_separated_prefix');
  const prefix = text(match, 'prefix');
  const path = text(match, 'path');
  return [
    ...(separated === '' ? [] : [`PathPrefix:${separated}`]),
    ...(prefix === '' ? [] : [`${prefix}*`]),
    ...(path === '' ? [] : [path]),
    ...(has(match, 'safe_regex') ? [`regex ${text(message(match, 'safe_regex'), 'regex')}`] : []),
  ].join(' ');
};

/** Whether a domain carries a port; an IPv6 address alone does not. */
const hasPort = (domain: string): boolean =>
  domain.includes(':') && !(domain.split(':').length > 3 && domain.endsWith(']'));

/** Without names that only spell out another one: `reviews.default` stands for `reviews.default.svc…`. */
const withoutExpansions = (domains: readonly string[]): readonly string[] => {
  const all = new Set(domains);
  return domains.filter((domain) => {
    const [, name = domain, port = ''] = /^(.*?)(:\d+)?$/.exec(domain) ?? [];
    return !['.svc.cluster.local', '.svc'].some(
      (suffix) => name.endsWith(suffix) && all.has(name.slice(0, -suffix.length) + port),
    );
  });
};

/** The first domains of a virtual host, and how many more. */
export const describeDomains = (domains: readonly string[]): string => {
  if (domains.length < 2) return domains[0] ?? '';
  const bare = domains.filter((domain) => !hasPort(domain));
  // Routes of an HTTP proxy port tell services apart by port: then there are no others.
  const names = withoutExpansions(bare.length > 0 ? bare : domains);
  const shown = names.slice(0, shownDomains).join(', ');
  const more = names.length - shownDomains;
  return more > 0 ? `${shown} + ${more} more...` : shown;
};

const isPassthrough = (route: JsonRecord): boolean =>
  text(message(route, 'route'), 'cluster') === 'PassthroughCluster';

const rowsOfHost = (config: string, host: JsonRecord): readonly (readonly string[])[] => {
  const start = [config, text(host, 'name'), describeDomains(texts(host, 'domains'))];
  const routes = messages(host, 'routes');
  if (routes.length === 0) return [[...start, '/*', '404']];
  return routes
    .filter((route) => !isPassthrough(route))
    .map((route) => [...start, describeMatch(message(route, 'match')), managedBy(route)]);
};

const portName = /^\d+$/;

/** Numbers first, by size; the rest as the proxy has them. */
const compareNames = (a: string, b: string): number => {
  if (portName.test(a) && portName.test(b)) return Number(a) - Number(b);
  return Number(portName.test(b)) - Number(portName.test(a));
};

/** Route configurations of a name, or all, in order. */
export const selectRoutes = (
  configs: readonly JsonRecord[],
  name: string | undefined,
): readonly JsonRecord[] =>
  configs
    .filter((config) => name === undefined || text(config, 'name') === name)
    .toSorted((a, b) => compareNames(text(a, 'name'), text(b, 'name')));

const header = ['NAME', 'VHOST NAME', 'DOMAINS', 'MATCH', 'VIRTUAL SERVICE'];

/** istioctl's `proxy-config route`; not verbose, only how many virtual hosts each has. */
export const routeSummary = (configs: readonly JsonRecord[], verbose: boolean): string => {
  if (verbose)
    return formatTable([
      header,
      ...configs.flatMap((config) =>
        messages(config, 'virtual_hosts').flatMap((host) => rowsOfHost(text(config, 'name'), host)),
      ),
    ]);
  const counts = configs.map((config) => [
    text(config, 'name'),
    String(messages(config, 'virtual_hosts').length),
  ]);
  return formatTable([['NAME', 'VIRTUAL HOSTS'], ...counts]);
};
