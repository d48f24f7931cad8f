import { type ReadonlySignal, type Signal, signal } from '@preact/signals';

/** Pages of the navigation. */
export type PageName =
  | 'graph'
  | 'services'
  | 'workloads'
  | 'proxies'
  | 'traces'
  | 'logs'
  | 'config'
  | 'explain';

/** Pages in the order of the navigation. */
export const pageNames: readonly PageName[] = [
  'graph',
  'services',
  'workloads',
  'proxies',
  'traces',
  'logs',
  'config',
  'explain',
];

/** A place in the dashboard: `#/services/default/reviews?tab=config`. */
export interface Route {
  readonly page: PageName;
  /** What comes after the page, decoded. */
  readonly parts: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

/** Reads the part of an address after `#`; anything unknown is the graph. */
export const parseRoute = (hash: string): Route => {
  const [path = '', search = ''] = hash.replace(/^#?\/?/, '').split('?');
  const [page = '', ...parts] = path.split('/').filter((part) => part !== '');
  const known = pageNames.find((name) => name === page);
  return {
    page: known ?? 'graph',
    parts: known === undefined ? [] : parts.map(decodePart),
    query: Object.fromEntries(new URLSearchParams(search)),
  };
};

const decodePart = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

/** The address of a place, for `href`. Empty values of the query are left out. */
export const linkTo = (
  page: PageName,
  parts: readonly string[] = [],
  query: Readonly<Record<string, string | undefined>> = {},
): string => {
  const entries = Object.entries(query).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  );
  const search = entries.length === 0 ? '' : `?${new URLSearchParams(entries)}`;
  return `#/${[page, ...parts.map(encodeURIComponent)].join('/')}${search}`;
};

const current: Signal<Route> = signal(parseRoute(globalThis.location?.hash ?? ''));
/** Where the reader is. */
export const route: ReadonlySignal<Route> = current;
globalThis.addEventListener?.('hashchange', () => {
  current.value = parseRoute(location.hash);
});

/** Goes to a place; `replace` leaves no trace in the browser's history. */
export const goTo = (link: string, { replace = false }: { replace?: boolean } = {}): void => {
  if (location.hash === link) return;
  if (replace) history.replaceState(null, '', link);
  else history.pushState(null, '', link);
  current.value = parseRoute(link);
};

/** Changes the query of the place where the reader is; undefined takes a value out. */
export const setQuery = (change: Readonly<Record<string, string | undefined>>): void => {
  const { page, parts, query } = current.value;
  goTo(linkTo(page, parts, { ...query, ...change }), { replace: true });
};
