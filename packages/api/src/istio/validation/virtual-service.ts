import { hostIsWithin } from '../../host.ts';
import { isIpAddress } from '../../ip-address.ts';
import type { TcpRoute, TlsMatch, TlsRoute, VirtualServiceSpec } from '../virtual-service.ts';
import { checkGatewayNames, checkWeightedDestinations } from './destination.ts';
import {
  checkExportTo,
  checkHost,
  checkLabels,
  checkPort,
  checkSubnets,
  isWildcardDomain,
} from './field.ts';
import {
  doubtful,
  duplicate,
  type Findings,
  forEachItem,
  invalid,
  missing,
  type ValidationContext,
} from './finding.ts';
import { checkHttpRoute, type RouteRole } from './http-route.ts';

const appliesToMesh = ({ gateways }: VirtualServiceSpec): boolean =>
  gateways === undefined || gateways.length === 0 || gateways.includes('mesh');

const checkHosts = (spec: VirtualServiceSpec, hosts: readonly string[]): Findings =>
  forEachItem(hosts, 'spec.hosts', (host, path, index) => {
    if (hosts.indexOf(host) < index) return [duplicate(path, `duplicate host "${host}"`)];
    if (host === '*' && appliesToMesh(spec))
      return [
        invalid(
          path,
          'the host * is not allowed for routes of the mesh: name hosts, or bind to gateways only',
        ),
      ];
    return checkHost(host, path);
  });

/** A VirtualService without hosts can only be the target of a delegation, which carries HTTP routes alone. */
const checkNoHosts = (spec: VirtualServiceSpec): Findings => {
  const { hosts, gateways = [], http = [], tls = [], tcp = [] } = spec;
  const mayBeDelegate =
    hosts === undefined && gateways.length + tls.length + tcp.length === 0 && http.length > 0;
  return mayBeDelegate
    ? [
        doubtful(
          'spec.hosts',
          'virtual service has no hosts: its routes take effect only where another VirtualService delegates to it; if that is not meant, list hosts',
        ),
      ]
    : [
        missing(
          'spec.hosts',
          'virtual service must have at least one host: name the service or domain its routes are for',
        ),
      ];
};

const checkSniHost = (sni: string, path: string, hosts: readonly string[]): Findings => {
  if (isIpAddress(sni))
    return [doubtful(path, `"${sni}" is an IP address: TLS clients send names only`)];
  if (!isWildcardDomain(sni)) return checkHost(sni, path);
  return hosts.some((host) => hostIsWithin(sni, host))
    ? []
    : [invalid(path, `SNI host "${sni}" is not covered by the hosts [${hosts.join(', ')}]`)];
};

const checkTlsMatch = (match: TlsMatch, path: string, hosts: readonly string[]): Findings => [
  ...(match.sniHosts.length === 0
    ? [missing(`${path}.sniHosts`, 'TLS match must have at least one SNI host')]
    : []),
  ...forEachItem(match.sniHosts, `${path}.sniHosts`, (sni, at) => checkSniHost(sni, at, hosts)),
  ...checkSubnets(match.destinationSubnets, `${path}.destinationSubnets`),
  ...checkPort(match.port, `${path}.port`),
  ...checkLabels(match.sourceLabels, `${path}.sourceLabels`),
  ...checkGatewayNames(match.gateways, `${path}.gateways`),
];

const checkL4Route = (route: TlsRoute['route'], path: string): Findings =>
  route === undefined || route.length === 0
    ? [missing(path, 'a rule must have at least one destination')]
    : checkWeightedDestinations(route, path);

const checkTlsRoute = (route: TlsRoute, path: string, hosts: readonly string[]): Findings => [
  ...(route.match.length === 0
    ? [missing(`${path}.match`, 'TLS route must have at least one match condition')]
    : []),
  ...forEachItem(route.match, `${path}.match`, (match, at) => checkTlsMatch(match, at, hosts)),
  ...checkL4Route(route.route, `${path}.route`),
];

const checkTcpRoute = (route: TcpRoute, path: string): Findings => [
  ...forEachItem(route.match, `${path}.match`, (match, at) => [
    ...checkSubnets(match.destinationSubnets, `${at}.destinationSubnets`),
    ...checkPort(match.port, `${at}.port`),
    ...checkLabels(match.sourceLabels, `${at}.sourceLabels`),
    ...checkGatewayNames(match.gateways, `${at}.gateways`),
  ]),
  ...checkL4Route(route.route, `${path}.route`),
];

/** A VirtualService: hosts (none only for delegates) and every rule. */
export const checkVirtualService = (
  spec: VirtualServiceSpec,
  context: ValidationContext,
): Findings => {
  const { hosts = [], http = [], tls = [], tcp = [] } = spec;
  const role: RouteRole = hosts.length === 0 ? 'delegate' : 'root';
  const routes = http.length + tls.length + tcp.length;
  return [
    ...(hosts.length === 0 ? checkNoHosts(spec) : checkHosts(spec, hosts)),
    ...checkGatewayNames(spec.gateways, 'spec.gateways'),
    ...(routes === 0
      ? [missing('spec', 'http, tcp or tls must be provided in a virtual service')]
      : []),
    ...forEachItem(http, 'spec.http', (route, at) => checkHttpRoute(route, at, role, context)),
    ...forEachItem(tls, 'spec.tls', (route, at) => checkTlsRoute(route, at, hosts)),
    ...forEachItem(tcp, 'spec.tcp', checkTcpRoute),
    ...checkExportTo(spec.exportTo, 'spec.exportTo'),
  ];
};
