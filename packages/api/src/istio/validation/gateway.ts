import { parseScopedHost } from '../../host.ts';
import { isIpAddress } from '../../ip-address.ts';
import { isHttpProtocol, isTlsProtocol, parseProtocol } from '../../port-protocol.ts';
import type { GatewayPort, GatewayServer, GatewaySpec } from '../gateway.ts';
import { checkHost, checkPort, checkSelectorLabels, isDnsLabel } from './field.ts';
import {
  conflict,
  doubtful,
  duplicate,
  type Findings,
  forEachItem,
  ifPresent,
  invalid,
  missing,
} from './finding.ts';
import { checkServerTls } from './server-tls.ts';

/** A host with an optional namespace before a slash; `needsNamespace` makes it required, as in Sidecars. */
export const checkScopedHost = (text: string, path: string, needsNamespace: boolean): Findings => {
  const parts = text.split('/');
  if (parts.length > 2 || (needsNamespace && parts.length < 2))
    return [invalid(path, `"${text}" must have the form namespace/dnsName`)];
  const { namespace, host } = parseScopedHost(text);
  const words = needsNamespace ? ['*', '.', '~'] : ['*', '.'];
  const found =
    words.includes(namespace) || isDnsLabel(namespace)
      ? []
      : [invalid(path, `"${namespace}" is not ${words.join(', ')} or the name of a namespace`)];
  return [...found, ...checkHost(host, path)];
};

/** A protocol that servers, service entries and sidecars can be told to speak. */
export const checkProtocol = (protocol: string | undefined, path: string): Findings =>
  protocol === undefined || protocol === '' || parseProtocol(protocol) !== 'Auto'
    ? []
    : [
        invalid(
          path,
          `unsupported protocol "${protocol}": use HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, MONGO, TCP or TLS`,
        ),
      ];

const checkServerPort = (port: GatewayPort, path: string): Findings => [
  ...checkPort(port.number, `${path}.number`),
  ...checkPort(port.targetPort, `${path}.targetPort`),
  ...(port.name === '' ? [missing(`${path}.name`, 'port name must be set')] : []),
  ...(port.protocol === ''
    ? [missing(`${path}.protocol`, 'protocol must be set')]
    : checkProtocol(port.protocol, `${path}.protocol`)),
];

const checkTls = ({ port, tls }: GatewayServer, path: string): Findings => {
  const protocol = parseProtocol(port.protocol);
  if (isTlsProtocol(protocol)) {
    if (tls === undefined)
      return [missing(`${path}.tls`, 'server must have TLS settings for HTTPS/TLS protocols')];
    const redirect = tls.httpsRedirect
      ? [doubtful(`${path}.tls.httpsRedirect`, 'has effect on plain HTTP servers only')]
      : [];
    return [...checkServerTls(tls, `${path}.tls`), ...redirect];
  }
  if (tls === undefined) return [];
  // A plain HTTP server may carry tls for the sake of httpsRedirect alone.
  const others = Object.keys(tls).filter((field) => field !== 'httpsRedirect');
  if (others.length === 0 && isHttpProtocol(protocol)) return [];
  const first = others[0] ?? 'httpsRedirect';
  return [
    conflict(
      `${path}.tls.${first}`,
      `server cannot have TLS settings for ${port.protocol} ports: use protocol HTTPS or TLS`,
    ),
  ];
};

const checkBind = (bind: string | undefined, path: string): Findings =>
  bind === undefined || bind === '' || isIpAddress(bind) || bind.startsWith('unix://')
    ? []
    : [invalid(path, `"${bind}" must be an IP address or unix:// socket`)];

const checkServer = (server: GatewayServer, path: string): Findings => [
  ...checkServerPort(server.port, `${path}.port`),
  ...(server.hosts.length === 0
    ? [missing(`${path}.hosts`, 'server must contain at least one host; * stands for any')]
    : []),
  ...forEachItem(server.hosts, `${path}.hosts`, (host, at) => checkScopedHost(host, at, false)),
  ...checkTls(server, path),
  ...checkBind(server.bind, `${path}.bind`),
  ...ifPresent(server.defaultEndpoint, () => [
    doubtful(`${path}.defaultEndpoint`, 'Istio does not implement it'),
  ]),
];

/** A Gateway: servers with ports of unique names, hosts, and TLS where the protocol needs it. */
export const checkGateway = ({ servers = [], selector }: GatewaySpec): Findings => {
  const names = servers.map((server) => server.port.name);
  return [
    ...(servers.length === 0
      ? [missing('spec.servers', 'gateway must have at least one server')]
      : []),
    ...forEachItem(servers, 'spec.servers', (server, path, index) => [
      ...(names.indexOf(server.port.name) < index
        ? [
            duplicate(
              `${path}.port.name`,
              `port names in servers must be unique: duplicate name "${server.port.name}"`,
            ),
          ]
        : []),
      ...checkServer(server, path),
    ]),
    ...checkSelectorLabels(selector, 'spec.selector'),
  ];
};
