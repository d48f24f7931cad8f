import { field, type JsonRecord, message, messages, text } from '@lateen/xds/json-record';
import { canonicalJson } from './canonical-json.ts';
import { type DumpSection, dumpSection } from './config-dump.ts';
import { unifiedDiff } from './unified-diff.ts';

interface Compared {
  readonly title: string;
  readonly section: DumpSection;
  readonly typeName: string;
  readonly list: string;
  readonly resource: readonly string[];
}

/** What istioctl compares, in its order: the control plane's part of a proxy's configuration. */
const compared: readonly Compared[] = [
  {
    title: 'Clusters',
    section: 'ClustersConfigDump',
    typeName: 'envoy.config.cluster.v3.Cluster',
    list: 'dynamic_active_clusters',
    resource: ['cluster'],
  },
  {
    title: 'Listeners',
    section: 'ListenersConfigDump',
    typeName: 'envoy.config.listener.v3.Listener',
    list: 'dynamic_listeners',
    resource: ['active_state', 'listener'],
  },
  {
    title: 'Routes',
    section: 'RoutesConfigDump',
    typeName: 'envoy.config.route.v3.RouteConfiguration',
    list: 'dynamic_route_configs',
    resource: ['route_config'],
  },
];

/** Maps have no order of their own, and both sides write theirs. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, entry]) => [key, sorted(entry)]));
};

const linesOf = async (dump: JsonRecord, kind: Compared): Promise<readonly string[]> => {
  const section = dumpSection(dump, kind.section) ?? {};
  const resources = messages(section, kind.list)
    .map((entry) => message(entry, ...kind.resource))
    .toSorted((one, other) => (text(one, 'name') < text(other, 'name') ? -1 : 1));
  const canonical = await canonicalJson(kind.typeName, resources);
  return JSON.stringify(sorted(canonical), undefined, 3).split('\n');
};

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

const two = (value: number): string => String(value).padStart(2, '0');

const zoneOf = (date: Date): string =>
  new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(date)
    .find(({ type }) => type === 'timeZoneName')?.value ?? '';

/** Go's RFC1123 in local time: `Tue, 04 Aug 2020 11:52:54 UTC`. */
const localTime = (iso: string): string => {
  const date = new Date(iso);
  const day = `${weekdays[date.getDay()]}, ${two(date.getDate())} ${months[date.getMonth()]}`;
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${day} ${date.getFullYear()} ${time} ${zoneOf(date)}`;
};

/** When the newest of the routes came; '' when there are none. */
const routesLoaded = (dump: JsonRecord): string => {
  const section = dumpSection(dump, 'RoutesConfigDump') ?? {};
  const times = messages(section, 'dynamic_route_configs')
    .map((entry) => field(entry, 'last_updated'))
    .filter((time) => typeof time === 'string')
    .toSorted();
  const last = times.at(-1);
  return last === undefined ? '' : ` (RDS last loaded at ${localTime(last)})`;
};

/**
 * What `istioctl proxy-status POD` prints: for each type whether what istiod sent last is what the proxy
 * runs, or the difference. Both are `/config_dump`s.
 */
export const syncDifference = async (istiod: JsonRecord, proxy: JsonRecord): Promise<string> => {
  let output = '';
  for (const kind of compared) {
    const { title } = kind;
    const loaded = title === 'Routes' ? routesLoaded(proxy) : '';
    const difference = unifiedDiff(
      { name: `Istiod ${title}`, lines: await linesOf(istiod, kind) },
      { name: `Envoy ${title}`, lines: await linesOf(proxy, kind) },
    );
    output +=
      difference === ''
        ? `${title} Match${loaded}\n`
        : `${title} Don't Match${loaded}\n${difference}\n`;
  }
  return output;
};
