import type { JsonSchema } from '../../resource-kind.ts';
import {
  array,
  atMostOneOf,
  boolean,
  double,
  extend,
  int32,
  integer,
  intOrString,
  mapOf,
  nonEmptyString,
  object,
  oneOfStrings,
  string,
  stringMap,
  strings,
  uint32,
} from '../../schema/combinators.ts';
import type { DestinationRuleSpec, Subset } from '../destination-rule.ts';
import type {
  ConsistentHash,
  LoadBalancerSettings,
  LocalityLbSetting,
  ZoneAwareLbSetting,
} from '../load-balancer.ts';
import type {
  ClientTlsSettings,
  ConnectionPoolSettings,
  OutlierDetection,
  PortTrafficPolicy,
  TrafficPolicy,
} from '../traffic-policy.ts';
import {
  durationSchema,
  exportToSchema,
  policySelectorSchema,
  portSelectorSchema,
} from './part.ts';

const cookie = object<NonNullable<ConsistentHash['httpCookie']>>(
  {
    name: nonEmptyString,
    path: string,
    ttl: durationSchema,
    attributes: array(
      object<{ name: string; value: string }>({ name: nonEmptyString, value: string }, ['name']),
    ),
  },
  ['name'],
);

const unsignedInteger = extend(integer, { minimum: 0 });

const consistentHash = extend(
  object<ConsistentHash>({
    httpHeaderName: string,
    httpCookie: cookie,
    useSourceIp: boolean,
    httpQueryParameterName: string,
    ringHash: object<{ minimumRingSize: number }>({ minimumRingSize: unsignedInteger }),
    maglev: object<{ tableSize: number }>({ tableSize: unsignedInteger }),
    minimumRingSize: unsignedInteger,
  }),
  {
    allOf: [
      atMostOneOf('httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'),
      atMostOneOf('ringHash', 'maglev'),
    ],
  },
);

const failover = array(object<{ from: string; to: string }>({ from: string, to: string }));

const localityLbSetting = object<LocalityLbSetting>({
  enabled: boolean,
  distribute: array(object<{ from: string; to: unknown }>({ from: string, to: mapOf(uint32) })),
  failover,
  failoverPriority: strings,
});

const loadBalancer = extend(
  object<LoadBalancerSettings>({
    simple: oneOfStrings(
      'UNSPECIFIED',
      'LEAST_CONN',
      'RANDOM',
      'PASSTHROUGH',
      'ROUND_ROBIN',
      'LEAST_REQUEST',
    ),
    consistentHash,
    localityLbSetting,
    zoneAwareLbSetting: object<ZoneAwareLbSetting>({
      enabled: boolean,
      failover,
      failoverPriority: strings,
      minClusterSize: uint32,
    }),
    warmupDurationSecs: durationSchema,
    warmup: object<NonNullable<LoadBalancerSettings['warmup']>>(
      { duration: durationSchema, minimumPercent: double, aggression: double },
      ['duration'],
    ),
  }),
  atMostOneOf('simple', 'consistentHash'),
);

type TcpPool = NonNullable<ConnectionPoolSettings['tcp']>;
type HttpPool = NonNullable<ConnectionPoolSettings['http']>;

const tcpPool = object<TcpPool>({
  maxConnections: int32,
  connectTimeout: durationSchema,
  tcpKeepalive: object<NonNullable<TcpPool['tcpKeepalive']>>({
    probes: uint32,
    time: durationSchema,
    interval: durationSchema,
  }),
  maxConnectionDuration: durationSchema,
  idleTimeout: durationSchema,
});

const httpPool = object<HttpPool>({
  http1MaxPendingRequests: int32,
  http2MaxRequests: int32,
  maxRequestsPerConnection: int32,
  maxRetries: int32,
  idleTimeout: durationSchema,
  h2UpgradePolicy: oneOfStrings('DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'),
  useClientProtocol: boolean,
  maxConcurrentStreams: int32,
  http2KeepAlive: object<NonNullable<HttpPool['http2KeepAlive']>>({
    interval: durationSchema,
    timeout: durationSchema,
  }),
});

/** networking.istio.io ConnectionPoolSettings. */
export const connectionPoolSchema: JsonSchema = object<ConnectionPoolSettings>({
  tcp: tcpPool,
  http: httpPool,
});

const outlierDetection = object<OutlierDetection>({
  consecutiveErrors: int32,
  consecutive5xxErrors: uint32,
  consecutiveGatewayErrors: uint32,
  splitExternalLocalOriginErrors: boolean,
  consecutiveLocalOriginFailures: uint32,
  interval: durationSchema,
  baseEjectionTime: durationSchema,
  maxEjectionPercent: int32,
  minHealthPercent: int32,
  outlierDetectionHttpErrorCodes: array(intOrString),
});

const clientTls = object<ClientTlsSettings>({
  mode: oneOfStrings('DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'),
  clientCertificate: string,
  privateKey: string,
  caCertificates: string,
  caCrl: string,
  credentialName: string,
  subjectAltNames: strings,
  sni: string,
  insecureSkipVerify: boolean,
});

const blocks = { loadBalancer, connectionPool: connectionPoolSchema, outlierDetection } as const;

const trafficPolicy = object<TrafficPolicy>({
  ...blocks,
  tls: clientTls,
  portLevelSettings: array(
    object<PortTrafficPolicy>({ ...blocks, tls: clientTls, port: portSelectorSchema }),
    { maxItems: 4096 },
  ),
  tunnel: object<NonNullable<TrafficPolicy['tunnel']>>(
    { protocol: string, targetHost: string, targetPort: uint32 },
    ['targetHost', 'targetPort'],
  ),
  proxyProtocol: object<{ version: string }>({ version: oneOfStrings('V1', 'V2') }),
  retryBudget: object<NonNullable<TrafficPolicy['retryBudget']>>({
    percent: double,
    minRetryConcurrency: uint32,
    budgetInterval: durationSchema,
  }),
});

const subset = object<Subset>({ name: nonEmptyString, labels: stringMap, trafficPolicy }, ['name']);

/** `spec` of networking.istio.io DestinationRule. */
export const destinationRuleSpecSchema: JsonSchema = object<DestinationRuleSpec>(
  {
    host: string,
    trafficPolicy,
    subsets: array(subset),
    exportTo: exportToSchema,
    workloadSelector: policySelectorSchema,
  },
  ['host'],
);
