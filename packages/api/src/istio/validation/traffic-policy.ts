import { isIpAddress } from '../../ip-address.ts';
import type {
  ClientTlsSettings,
  ConnectionPoolSettings,
  OutlierDetection,
  TrafficPolicy,
} from '../traffic-policy.ts';
import { checkDuration, checkNotNegative, checkPercent, checkPort, isFqdn } from './field.ts';
import {
  conflict,
  deprecated,
  doubtful,
  type Findings,
  forEachItem,
  ifPresent,
  invalid,
  missing,
} from './finding.ts';
import { checkLoadBalancer } from './load-balancer.ts';

const checkTcpPool = (tcp: NonNullable<ConnectionPoolSettings['tcp']>, path: string): Findings => [
  ...checkNotNegative(tcp.maxConnections, `${path}.maxConnections`),
  ...checkDuration(tcp.connectTimeout, `${path}.connectTimeout`),
  ...checkDuration(tcp.maxConnectionDuration, `${path}.maxConnectionDuration`),
  ...checkDuration(tcp.idleTimeout, `${path}.idleTimeout`, { zero: true }),
  ...checkDuration(tcp.tcpKeepalive?.time, `${path}.tcpKeepalive.time`),
  ...checkDuration(tcp.tcpKeepalive?.interval, `${path}.tcpKeepalive.interval`),
];

const httpCounts = [
  'http1MaxPendingRequests',
  'http2MaxRequests',
  'maxRequestsPerConnection',
  'maxRetries',
  'maxConcurrentStreams',
] as const;

const checkHttpPool = (
  http: NonNullable<ConnectionPoolSettings['http']>,
  path: string,
): Findings => [
  ...httpCounts.flatMap((field) => checkNotNegative(http[field], `${path}.${field}`)),
  ...checkDuration(http.idleTimeout, `${path}.idleTimeout`, { zero: true }),
  ...checkDuration(http.http2KeepAlive?.interval, `${path}.http2KeepAlive.interval`),
  ...checkDuration(http.http2KeepAlive?.timeout, `${path}.http2KeepAlive.timeout`),
  ...(http.h2UpgradePolicy === 'UPGRADE' && http.useClientProtocol === true
    ? [conflict(`${path}.useClientProtocol`, 'must not be true when h2UpgradePolicy is UPGRADE')]
    : []),
];

/** Connection pool settings of a DestinationRule or Sidecar. */
export const checkConnectionPool = (
  { tcp, http }: ConnectionPoolSettings,
  path: string,
): Findings =>
  tcp === undefined && http === undefined
    ? [missing(path, 'connection pool must have tcp or http settings')]
    : [
        ...ifPresent(tcp, (one) => checkTcpPool(one, `${path}.tcp`)),
        ...ifPresent(http, (one) => checkHttpPool(one, `${path}.http`)),
      ];

const checkOutlierDetection = (outlier: OutlierDetection, path: string): Findings => {
  const found = [];
  if (outlier.consecutiveErrors !== undefined)
    found.push(
      deprecated(
        `${path}.consecutiveErrors`,
        'consecutiveErrors is deprecated: use consecutive5xxErrors or consecutiveGatewayErrors',
      ),
    );
  if (
    (outlier.consecutiveLocalOriginFailures ?? 0) > 0 &&
    outlier.splitExternalLocalOriginErrors !== true
  )
    found.push(
      conflict(
        `${path}.consecutiveLocalOriginFailures`,
        'has no meaning unless splitExternalLocalOriginErrors is true',
      ),
    );
  return [
    ...found,
    ...checkNotNegative(outlier.consecutiveErrors, `${path}.consecutiveErrors`),
    ...checkDuration(outlier.interval, `${path}.interval`),
    ...checkDuration(outlier.baseEjectionTime, `${path}.baseEjectionTime`),
    ...checkPercent(outlier.maxEjectionPercent, `${path}.maxEjectionPercent`),
    ...checkPercent(outlier.minHealthPercent, `${path}.minHealthPercent`),
  ];
};

const certificateFields = ['clientCertificate', 'privateKey', 'caCertificates'] as const;

const checkIstioMutual = (tls: ClientTlsSettings, path: string): Findings =>
  ([...certificateFields, 'credentialName'] as const)
    .filter((field) => tls[field])
    .map((field) =>
      conflict(`${path}.${field}`, 'ISTIO_MUTUAL uses the mesh certificates: leave it out'),
    );

const checkClientTls = (tls: ClientTlsSettings, path: string): Findings => {
  if (tls.mode === 'ISTIO_MUTUAL') return checkIstioMutual(tls, path);
  if (tls.credentialName)
    return certificateFields
      .filter((field) => tls[field])
      .map((field) =>
        conflict(`${path}.${field}`, 'cannot be combined with credentialName: keep one'),
      );
  if (tls.mode !== 'MUTUAL') return [];
  return (['clientCertificate', 'privateKey'] as const)
    .filter((field) => !tls[field])
    .map((field) => missing(`${path}.${field}`, 'required for mutual TLS, or set credentialName'));
};

const checkTunnel = (tunnel: NonNullable<TrafficPolicy['tunnel']>, path: string): Findings => {
  const { protocol, targetHost, targetPort } = tunnel;
  const found = [];
  if (protocol !== undefined && protocol !== 'CONNECT' && protocol !== 'POST')
    found.push(invalid(`${path}.protocol`, `"${protocol}" must be CONNECT or POST`));
  if (!isFqdn(targetHost) && !isIpAddress(targetHost))
    found.push(invalid(`${path}.targetHost`, `"${targetHost}" must be a DNS name or an address`));
  return [...found, ...checkPort(targetPort, `${path}.targetPort`)];
};

type PolicyBlocks = Pick<
  TrafficPolicy,
  'loadBalancer' | 'connectionPool' | 'outlierDetection' | 'tls'
>;

const checkBlocks = (policy: PolicyBlocks, path: string): Findings => [
  ...ifPresent(policy.loadBalancer, (one) => checkLoadBalancer(one, `${path}.loadBalancer`)),
  ...ifPresent(policy.connectionPool, (one) => checkConnectionPool(one, `${path}.connectionPool`)),
  ...ifPresent(policy.outlierDetection, (one) =>
    checkOutlierDetection(one, `${path}.outlierDetection`),
  ),
  ...ifPresent(policy.tls, (one) => checkClientTls(one, `${path}.tls`)),
];

const checkRetryBudget = (
  budget: NonNullable<TrafficPolicy['retryBudget']>,
  path: string,
): Findings => [
  ...checkPercent(budget.percent, `${path}.percent`),
  ...checkDuration(budget.budgetInterval, `${path}.budgetInterval`, { leastMs: 0 }),
];

/** A traffic policy with its port level settings. */
export const checkTrafficPolicy = (policy: TrafficPolicy, path: string): Findings => [
  ...(Object.keys(policy).length === 0
    ? [doubtful(path, 'traffic policy is empty: leave it out or set a field')]
    : []),
  ...checkBlocks(policy, path),
  ...forEachItem(policy.portLevelSettings, `${path}.portLevelSettings`, (one, at) => [
    ...(one.port?.number === undefined
      ? [missing(`${at}.port.number`, 'a port level policy must name its port')]
      : checkPort(one.port.number, `${at}.port.number`)),
    ...checkBlocks(one, at),
  ]),
  ...ifPresent(policy.tunnel, (one) => checkTunnel(one, `${path}.tunnel`)),
  ...ifPresent(policy.retryBudget, (one) => checkRetryBudget(one, `${path}.retryBudget`)),
];
