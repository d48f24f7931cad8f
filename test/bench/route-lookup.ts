import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fromJson } from '@bufbuild/protobuf';
import { compileRouteConfiguration, type RequestHead } from '@lateen/routing';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { median } from './median.ts';

/** Lookups timed at once, and how often; the median of the rounds counts. */
const lookups = 200_000;
const rounds = 7;

/** One row: nanoseconds per lookup of virtual host and route, and what the table costs. */
export interface LookupRow {
  readonly name: string;
  readonly nanoseconds: number;
  readonly compileMs: number;
  readonly heapMib: number;
}

const cluster = { cluster: 'c', timeout: '0s' };

const hostsTable = (count: number): object => ({
  virtualHosts: Array.from({ length: count }, (_, index) => ({
    name: `h${index}`,
    domains: [
      `service-${index}.default.svc.cluster.local`,
      `service-${index}.default.svc.cluster.local:9080`,
      `*.service-${index}.example.com`,
    ],
    routes: [{ match: { prefix: '/' }, route: cluster }],
  })),
});

/** Half exact, half prefix, and a condition now and then. */
const routesTable = (count: number): object => ({
  virtualHosts: [
    {
      name: 'h',
      domains: ['*'],
      routes: Array.from({ length: count }, (_, index) => ({
        match: {
          ...(index % 2 === 0
            ? { path: `/api/item-${index}` }
            : { prefix: `/static/item-${index}/` }),
          headers: index % 10 === 9 ? [{ name: 'end-user', stringMatch: { exact: 'jason' } }] : [],
        },
        route: cluster,
      })),
    },
  ],
});

const head = (authority: string, path: string): RequestHead => ({
  method: 'GET',
  scheme: 'http',
  authority,
  path,
  header: () => undefined,
});

/** Requests spread over the whole table; each must be answered. */
const hostRequests = (count: number): RequestHead[] =>
  Array.from({ length: 64 }, (_, index) => {
    const host = Math.floor((index * (count - 1)) / 63);
    const exact = `service-${host}.default.svc.cluster.local:9080`;
    return head(
      index % 2 === 0 ? exact : `www.service-${host}.example.com`,
      '/productpage?u=normal',
    );
  });

const routeRequests = (count: number): RequestHead[] =>
  Array.from({ length: 64 }, (_, index) => {
    const even = Math.floor((index * (count / 2 - 1)) / 63) * 2;
    // Every tenth route asks for a header that is not there.
    const odd = (even + 1) % 10 === 9 ? even - 1 : even + 1;
    const path = index % 2 === 0 ? `/api/item-${even}` : `/static/item-${odd}/app.js?v=3`;
    return head('any', path);
  });

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** MiB in use after a full collection. */
const heap = (): number => {
  collect();
  return process.memoryUsage().heapUsed / 1024 / 1024;
};

const measure = (name: string, json: object, requests: readonly RequestHead[]): LookupRow => {
  const message = fromJson(RouteConfigurationSchema, json as never);
  const before = heap();
  const started = performance.now();
  const { value: table, diagnostics } = compileRouteConfiguration(message);
  const compileMs = performance.now() - started;
  if (table === undefined) throw new Error(JSON.stringify(diagnostics));
  const heapMib = heap() - before;
  const dice = (): number => 0;
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    for (let index = 0; index < lookups; index++) {
      const request = requests[index & 63];
      if (request === undefined) throw new Error('no request');
      const route = table.selectVirtualHost(request.authority)?.selectRoute(request, dice);
      if (route === undefined) throw new Error(`${request.authority}${request.path} found nothing`);
    }
    times.push(((performance.now() - start) * 1e6) / lookups);
  }
  return { name, nanoseconds: median(times), compileMs, heapMib };
};

/** Times lookups in small and large tables. */
export const benchLookups = (): readonly LookupRow[] => [
  measure('10 virtual hosts', hostsTable(10), hostRequests(10)),
  measure('10,000 virtual hosts', hostsTable(10_000), hostRequests(10_000)),
  measure('10 routes in one virtual host', routesTable(10), routeRequests(10)),
  measure('2,000 routes in one virtual host', routesTable(2_000), routeRequests(2_000)),
];
