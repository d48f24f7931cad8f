import { formatDiagnostic } from '@lateen/base';
import type { RuleOrigin, SimulatedDestination, Simulation } from '@lateen/simulation';
import { inCluster, type Line, objectText, securityLines } from './security-text.ts';
import { destinationEndpoints, wayLines } from './way-text.ts';

const labelWidth = 15;

const percent = (value: number): string => `${Math.round(value * 100) / 100} %`;

const duration = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`);

const ruleText = (origin: RuleOrigin): string => {
  const own = `${origin.path.slice('spec.'.length)} of ${objectText(origin)}`;
  const { delegate } = origin;
  return delegate === undefined
    ? own
    : `${own}, delegated to ${delegate.path.slice('spec.'.length)} of ${objectText(delegate)}`;
};

const proxyLine = (simulation: Simulation): Line => {
  const { proxy, workload, direction } = simulation;
  const where = inCluster(simulation);
  return proxy === ''
    ? ['proxy', `none: ${workload}${where} speaks for itself`]
    : ['proxy', `${proxy} (${workload})${where}, ${direction}`];
};

const connectionLines = (simulation: Simulation): readonly Line[] => {
  const { proxy, listener, filterChain, routeConfiguration, virtualHost } = simulation;
  return [
    ...(proxy === '' ? [] : [['listener', listener ?? 'none'] as const]),
    ...(filterChain === null ? [] : [['filter chain', filterChain || 'the only one'] as const]),
    ...(routeConfiguration === null
      ? []
      : [['virtual host', `${virtualHost ?? 'none'}, in routes ${routeConfiguration}`] as const]),
  ];
};

const triedLines = ({ tried }: Simulation): readonly Line[] =>
  tried.map(({ origin, route, condition, actual }) => [
    'passed over',
    `${origin === null ? `route ${route}` : ruleText(origin)}: wants ${condition}, got ${actual || 'nothing'}`,
  ]);

const routeLines = (simulation: Simulation): readonly Line[] => {
  const { route, origin, match, unused, overruled } = simulation;
  if (route === null) return [];
  const name = route === '' || origin === null ? '' : ` "${route}"`;
  const source = origin === null ? `${route}, made by the mesh` : `${ruleText(origin)}${name}`;
  return [
    ['route', `${source}, on ${match || 'everything'}`],
    ...unused.map(
      (rule): Line => [
        'no route',
        rule.reason === 'unreachable'
          ? `${ruleText(rule.origin)}: a rule before it takes every request`
          : `${ruleText(rule.origin)}: not for this proxy (gateways, port or source)`,
      ],
    ),
    ...overruled.map(
      (one): Line => ['no effect', `${objectText(one)}: another VirtualService has the host`],
    ),
  ];
};

const faultLines = ({ fault, preflight }: Simulation): readonly Line[] => [
  ...(fault?.delay
    ? [['fault', `delay ${duration(fault.delay.ms)}, ${percent(fault.delay.percent)}`] as const]
    : []),
  ...(fault?.abort
    ? [['fault', `abort with ${fault.abort.status}, ${percent(fault.abort.percent)}`] as const]
    : []),
  ...(preflight ? [['cors', 'the proxy answers the preflight'] as const] : []),
];

const sentLines = (destination: SimulatedDestination, simulation: Simulation): readonly Line[] => {
  const [method = '', url = ''] = simulation.request.split(' ');
  const asked = `${url.replace(/^[a-z]+:\/\//, '')}`;
  const sent = `${destination.authority}${destination.path}`;
  return [
    ...(sent === asked || destination.authority === ''
      ? []
      : [['  sent as', `${method} ${destination.path}, host ${destination.authority}`] as const]),
    ...destination.requestHeaders.map(
      ({ name, value }): Line => [
        '  request',
        value === null ? `without ${name}` : `${name}: ${value}`,
      ],
    ),
    ...destination.responseHeaders.map(
      ({ name, operation, value }): Line => [
        '  response',
        operation === 'remove' ? `without ${name}` : `${name}: ${value} (${operation})`,
      ],
    ),
  ];
};

const missingCluster = ({ cluster, subset }: SimulatedDestination): string => {
  const [, port, , host] = cluster.split('|');
  return subset === ''
    ? `there is none: no service "${host}" with port ${port} is visible here`
    : `there is none: a DestinationRule for ${host} must name the subset ${subset}, and the service port ${port}`;
};

const destinationLines = (
  destination: SimulatedDestination,
  simulation: Simulation,
): readonly Line[] => {
  const share = simulation.destinations.length > 1 ? `${percent(destination.percent)} ` : '';
  const { destinationRule, subset } = destination;
  const lines: Line[] = [['cluster', `${share}${destination.cluster}`]];
  if (destination.responseFlags.includes('NC')) {
    return [...lines, ['  missing', missingCluster(destination)]];
  }
  if (destinationRule !== null) {
    const named = subset === '' ? '' : `, subset ${subset}`;
    lines.push(['  rule', `${objectText(destinationRule)}${named}`]);
  }
  return [
    ...lines,
    ...sentLines(destination, simulation),
    ['  endpoints', destinationEndpoints(destination)],
    ...wayLines(destination, decisionLines),
  ];
};

const policyLines = (simulation: Simulation): readonly Line[] => {
  const { timeoutMs, retries, mirrors, hashPolicies } = simulation;
  return [
    ...(timeoutMs ? [['timeout', duration(timeoutMs)] as const] : []),
    ...(retries === null
      ? []
      : [
          [
            'retries',
            `up to ${retries.attempts}, on ${[...retries.retryOn, ...retries.statusCodes].join(',')}${
              retries.perTryTimeoutMs > 0 ? `, ${duration(retries.perTryTimeoutMs)} each` : ''
            }`,
          ] as const,
        ]),
    ...mirrors.map((mirror): Line => ['mirror', `${percent(mirror.percent)} ${mirror.cluster}`]),
    ...(hashPolicies.length > 0 ? [['hash', hashPolicies.join(', ')] as const] : []),
  ];
};

const noteLines = ({ diagnostics }: Simulation): readonly Line[] =>
  diagnostics.map((found) => [
    found.severity,
    `${found.object === undefined ? '' : `${found.object}: `}${formatDiagnostic(found)}`,
  ]);

/** What a proxy decides, and what becomes of the request behind it. */
const decisionLines = (simulation: Simulation): readonly Line[] => {
  const forwards = simulation.redirect === null && simulation.directResponse === null;
  return [
    ...connectionLines(simulation),
    ...securityLines(simulation.security),
    ...triedLines(simulation),
    ...routeLines(simulation),
    ...faultLines(simulation),
    ...simulation.destinations.flatMap((one) => destinationLines(one, simulation)),
    ...(forwards ? policyLines(simulation) : []),
    ...noteLines(simulation),
  ];
};

/** One decision a line, in order, ending with what the client sees. */
export const explainText = (simulation: Simulation): string => {
  const lines: readonly Line[] = [
    ['request', simulation.request],
    proxyLine(simulation),
    ...decisionLines(simulation),
    ['client sees', simulation.clientSees],
  ];
  return lines.map(([label, text]) => `${label.padEnd(labelWidth - 1)} ${text}\n`).join('');
};
