import { say } from '@lateen/simulation/sentence';
import type { CallerList, ExplainAnswer } from '@lateen/telemetry/contract';

/** `GET explain/callers`. */
export const callers: CallerList = {
  workloads: ['default/productpage-v1', 'default/reviews-v2', 'default/sleep-v1'],
  gateways: ['default/bookinfo-gateway'],
};

/** `POST explain`: `jason` goes to v2, everybody else to both. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one answer, written out
export const explainAnswer = (body: {
  url: string;
  headers?: readonly string[];
}): ExplainAnswer => {
  const isJason = (body.headers ?? []).some((header) => /end-user:\s*jason/.test(header));
  const destination = (subset: string, percent: number) => ({
    cluster: `outbound|9080|${subset}|reviews.default.svc.cluster.local`,
    weight: percent,
    percent,
    subset,
    destinationRule: {
      kind: 'DestinationRule',
      namespace: 'default',
      name: 'reviews',
      path: 'spec',
    },
    loadBalancing: 'least-request',
    transport: 'mtls',
    endpoints: [
      {
        address: '127.7.0.13:9080',
        pod: `default/reviews-${subset}-7d9f8`,
        health: 'healthy' as const,
        weight: 1,
        priority: 0,
      },
    ],
    status: null,
    responseFlags: [],
    authority: 'reviews:9080',
    path: '/reviews/0',
    requestHeaders: [{ name: 'x-envoy-attempt-count', value: '1' }],
    responseHeaders: [],
    gateways: [],
    arrivals: [],
    relays: [],
  });
  const origin = { kind: 'VirtualService', namespace: 'default', name: 'reviews' };
  return {
    diagnostics: [],
    path: {
      source: 'productpage',
      ways: isJason
        ? [{ source: 'productpage', target: 'reviews-v2', percent: 100 }]
        : [
            { source: 'productpage', target: 'reviews-v1', percent: 50 },
            { source: 'productpage', target: 'reviews-v2', percent: 50 },
          ],
    },
    simulation: {
      proxy: 'default/productpage-v1-7d9f8',
      workload: 'default/productpage-v1',
      direction: 'outbound',
      request: `GET ${body.url}`,
      listener: '0.0.0.0_9080',
      filterChain: '',
      routeConfiguration: '9080',
      virtualHost: 'reviews.default.svc.cluster.local:9080',
      tried: isJason
        ? []
        : [
            {
              route: '',
              condition: 'header end-user exact "jason"',
              actual: 'no such header',
              origin: { ...origin, path: 'spec.http[0].match[0]', rule: 0, match: 0 },
            },
          ],
      route: '',
      match: isJason ? 'prefix /, header end-user exact "jason"' : 'prefix /',
      origin: isJason
        ? { ...origin, path: 'spec.http[0].match[0]', rule: 0, match: 0 }
        : { ...origin, path: 'spec.http[1]', rule: 1 },
      unused: [],
      overruled: [],
      cluster: isJason ? 'outbound|9080|v2|reviews.default.svc.cluster.local' : null,
      destinations: isJason
        ? [destination('v2', 100)]
        : [destination('v1', 50), destination('v2', 50)],
      redirect: null,
      directResponse: null,
      fault: null,
      preflight: false,
      security: null,
      timeoutMs: 0,
      retries: {
        attempts: 2,
        retryOn: ['connect-failure', 'refused-stream'],
        statusCodes: [503],
        perTryTimeoutMs: 0,
      },
      mirrors: [],
      hashPolicies: [],
      responseFlags: [],
      status: null,
      clientSees: isJason ? 'the answer of reviews v2' : 'the answer of reviews v1 or v2',
      clientView: say('answer', {
        who: say('text', { text: isJason ? 'reviews v2' : 'reviews v1 or v2' }),
      }),
      diagnostics: [],
    },
  };
};
