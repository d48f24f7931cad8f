import type { Manifest } from '../manifest.ts';
import { duration } from './traffic-rules.ts';
import { destinationRuleOf, type WizardTarget } from './wizard-input.ts';

/** Limits of a circuit breaker; 0 leaves a limit out. */
export interface BreakerChoice {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequestsPerConnection: number;
  readonly consecutiveErrors: number;
  readonly intervalMs: number;
  readonly ejectionMs: number;
  readonly maxEjectionPercent: number;
}

const positive = (fields: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value > 0));

const connectionPool = (choice: BreakerChoice): Record<string, unknown> | undefined => {
  const tcp = positive({ maxConnections: choice.maxConnections });
  const http = positive({
    http1MaxPendingRequests: choice.maxPendingRequests,
    maxRequestsPerConnection: choice.maxRequestsPerConnection,
  });
  const pool = {
    ...(Object.keys(tcp).length === 0 ? {} : { tcp }),
    ...(Object.keys(http).length === 0 ? {} : { http }),
  };
  return Object.keys(pool).length === 0 ? undefined : pool;
};

const outlierDetection = (choice: BreakerChoice): Record<string, unknown> | undefined =>
  choice.consecutiveErrors === 0
    ? undefined
    : {
        consecutive5xxErrors: choice.consecutiveErrors,
        interval: duration(choice.intervalMs),
        baseEjectionTime: duration(choice.ejectionMs),
        maxEjectionPercent: choice.maxEjectionPercent,
      };

/** Circuit breaking: limits on the way to all endpoints of the target, and ejection of those that fail. */
export const breakCircuits = (target: WizardTarget, choice: BreakerChoice): readonly Manifest[] => {
  const rule = destinationRuleOf(target);
  const before = (rule.spec['trafficPolicy'] ?? {}) as Readonly<Record<string, unknown>>;
  const { connectionPool: _pool, outlierDetection: _outlier, ...rest } = before;
  const pool = connectionPool(choice);
  const outlier = outlierDetection(choice);
  const trafficPolicy = {
    ...rest,
    ...(pool === undefined ? {} : { connectionPool: pool }),
    ...(outlier === undefined ? {} : { outlierDetection: outlier }),
  };
  return [{ ...rule, spec: { ...rule.spec, trafficPolicy } }];
};

/** Whom a mutual TLS setting is for. */
export type MtlsScope =
  | { readonly of: 'mesh' }
  | { readonly of: 'namespace'; readonly namespace: string }
  | { readonly of: 'workload'; readonly namespace: string; readonly app: string };

/** What inbound connections may be. */
export type MtlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';

/** Istio's root namespace, where a policy without selector is for the whole mesh. */
const rootNamespace = 'istio-system';

/** Mutual TLS: one PeerAuthentication for the mesh, a namespace, or the workloads of an app. */
export const setMtls = (scope: MtlsScope, mode: MtlsMode): readonly Manifest[] => [
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: {
      name: scope.of === 'workload' ? scope.app : 'default',
      namespace: scope.of === 'mesh' ? rootNamespace : scope.namespace,
    },
    spec: {
      ...(scope.of === 'workload' ? { selector: { matchLabels: { app: scope.app } } } : {}),
      mtls: { mode },
    },
  },
];

/** How a service is to be reached from outside. */
export interface ExposureChoice {
  /** `bookinfo.example.com` or `*`. */
  readonly publicHost: string;
  /** `/`: everything. */
  readonly pathPrefix: string;
  /** Secret of the certificate; '': plain HTTP on port 80. */
  readonly credentialName: string;
  /** Label `istio` of the gateway's pods. */
  readonly gatewayLabel: string;
}

const serverOf = ({ publicHost, credentialName }: ExposureChoice): Record<string, unknown> =>
  credentialName === ''
    ? { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: [publicHost] }
    : {
        port: { number: 443, name: 'https', protocol: 'HTTPS' },
        hosts: [publicHost],
        tls: { mode: 'SIMPLE', credentialName },
      };

/** Exposure: a Gateway and a VirtualService bound to it that leads to the target. */
export const exposeService = (
  target: WizardTarget,
  choice: ExposureChoice,
): readonly Manifest[] => {
  const name = `${target.host}-gateway`;
  const { namespace } = target;
  return [
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name, namespace },
      spec: { selector: { istio: choice.gatewayLabel }, servers: [serverOf(choice)] },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name, namespace },
      spec: {
        hosts: [choice.publicHost],
        gateways: [name],
        http: [
          {
            ...(choice.pathPrefix === '/' || choice.pathPrefix === ''
              ? {}
              : { match: [{ uri: { prefix: choice.pathPrefix } }] }),
            route: [{ destination: { host: target.host, port: { number: target.port } } }],
          },
        ],
      },
    },
  ];
};
