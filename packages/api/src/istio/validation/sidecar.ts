import { isIpAddress } from '../../ip-address.ts';
import { isTlsProtocol, parseProtocol } from '../../port-protocol.ts';
import type { SidecarEgress, SidecarIngress, SidecarPort, SidecarSpec } from '../sidecar.ts';
import { checkDestination } from './destination.ts';
import { checkPort, checkSelectorLabels } from './field.ts';
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
import { checkProtocol, checkScopedHost } from './gateway.ts';
import { checkServerTls } from './server-tls.ts';
import { checkConnectionPool } from './traffic-policy.ts';

const checkSidecarPort = (port: SidecarPort, path: string): Findings => [
  ...(port.number === undefined
    ? [missing(`${path}.number`, 'a port must have a number')]
    : checkPort(port.number, `${path}.number`)),
  ...checkProtocol(port.protocol, `${path}.protocol`),
];

const checkBind = (bind: string | undefined, path: string): Findings =>
  bind === undefined || bind === '' || isIpAddress(bind) || bind.startsWith('unix://')
    ? []
    : [invalid(path, `"${bind}" must be an IP address or unix:// socket`)];

const localEndpoint = /^(127\.0\.0\.1|0\.0\.0\.0|\[::1\]|\[::\]):(\d{1,5})$/;

const checkDefaultEndpoint = (endpoint: string | undefined, path: string): Findings => {
  if (endpoint === undefined || endpoint === '' || endpoint.startsWith('unix://')) return [];
  const port = localEndpoint.exec(endpoint)?.[2];
  return port === undefined
    ? [
        invalid(
          path,
          `"${endpoint}" must be 127.0.0.1:PORT, [::1]:PORT, 0.0.0.0:PORT, [::]:PORT or unix://PATH`,
        ),
      ]
    : checkPort(Number(port), path);
};

/** What TLS of gateways has and TLS of sidecars has not. */
const gatewayOnlyTls = [
  'subjectAltNames',
  'httpsRedirect',
  'credentialName',
  'credentialNames',
  'tlsCertificates',
] as const;

const isSet = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : Boolean(value);

const checkIngressTls = ({ port, tls }: SidecarIngress, path: string): Findings => {
  if (tls === undefined) return [];
  const { mode } = tls;
  return [
    ...gatewayOnlyTls
      .filter((field) => isSet(tls[field]))
      .map((field) => invalid(`${path}.${field}`, 'sidecar: not supported in ingress tls')),
    ...(mode === 'ISTIO_MUTUAL' || mode === 'AUTO_PASSTHROUGH'
      ? [invalid(`${path}.mode`, `cannot set mode to ${mode} in sidecar ingress tls`)]
      : []),
    ...(isTlsProtocol(parseProtocol(port.protocol ?? ''))
      ? []
      : [conflict(path, 'server cannot have TLS settings for non HTTPS/TLS ports')]),
    ...checkServerTls(tls, path),
  ];
};

const checkIngress = (ingress: readonly SidecarIngress[]): Findings =>
  forEachItem(ingress, 'spec.ingress', (listener, path, index) => {
    const { port, connectionPool } = listener;
    const taken = ingress.findIndex((other) => other.port.number === port.number) < index;
    return [
      ...checkSidecarPort(port, `${path}.port`),
      ...(taken
        ? [duplicate(`${path}.port.number`, `port ${port.number} already has an ingress listener`)]
        : []),
      ...checkBind(listener.bind, `${path}.bind`),
      ...checkDefaultEndpoint(listener.defaultEndpoint, `${path}.defaultEndpoint`),
      ...checkIngressTls(listener, `${path}.tls`),
      ...ifPresent(connectionPool, (one) => checkConnectionPool(one, `${path}.connectionPool`)),
    ];
  });

const checkEgressHost = (host: string, path: string): Findings => {
  // Istio 1.31 excludes hosts by a ~ before the whole entry; ~/* selects nothing at all.
  const entry = host.startsWith('~') && !host.startsWith('~/') ? host.slice(1) : host;
  return checkScopedHost(entry, path, true);
};

const checkEgress = (egress: readonly SidecarEgress[]): Findings =>
  forEachItem(egress, 'spec.egress', ({ hosts, port, bind }, path, index) => [
    ...(hosts.length === 0
      ? [missing(`${path}.hosts`, 'egress listener must contain at least one host')]
      : []),
    ...forEachItem(hosts, `${path}.hosts`, checkEgressHost),
    ...ifPresent(port, (one) => checkSidecarPort(one, `${path}.port`)),
    ...(port === undefined && index < egress.length - 1
      ? [invalid(path, 'the egress listener without a port must be the last of the list')]
      : []),
    ...checkBind(bind, `${path}.bind`),
  ]);

/** A Sidecar: listeners, and egress hosts in `namespace/host` form. */
export const checkSidecar = (spec: SidecarSpec): Findings => {
  const { ingress = [], egress = [], outboundTrafficPolicy, inboundConnectionPool } = spec;
  const says = ingress.length + egress.length > 0;
  const empty = !says && outboundTrafficPolicy === undefined && inboundConnectionPool === undefined;
  const labels = spec.workloadSelector?.labels;
  return [
    ...(empty ? [doubtful('spec', 'sidecar is empty: it changes nothing')] : []),
    ...checkIngress(ingress),
    ...checkEgress(egress),
    ...ifPresent(inboundConnectionPool, (one) =>
      checkConnectionPool(one, 'spec.inboundConnectionPool'),
    ),
    ...ifPresent(outboundTrafficPolicy?.egressProxy, (one) =>
      checkDestination(one, 'spec.outboundTrafficPolicy.egressProxy'),
    ),
    ...checkSelectorLabels(labels, 'spec.workloadSelector.labels'),
  ];
};
