import { isWildcardHost } from '../../host.ts';
import { isIpAddress, isIpOrCidr } from '../../ip-address.ts';
import { isHttpProtocol, isTlsProtocol, parseProtocol } from '../../port-protocol.ts';
import { fieldPath } from '../../schema/field-path.ts';
import type { ServiceEntryPort, ServiceEntrySpec } from '../service-entry.ts';
import { checkExportTo, checkHost, checkPort, checkSelectorLabels } from './field.ts';
import {
  conflict,
  doubtful,
  duplicate,
  type Findings,
  forEachItem,
  invalid,
  missing,
} from './finding.ts';
import { checkProtocol } from './gateway.ts';
import { checkWorkloadEntry } from './workload-entry.ts';

const checkHosts = ({ hosts }: ServiceEntrySpec): Findings => [
  ...(hosts.length === 0
    ? [missing('spec.hosts', 'service entry must have at least one host')]
    : []),
  ...forEachItem(hosts, 'spec.hosts', (host, path) =>
    host === '*'
      ? [invalid(path, 'the host * is not allowed: a full wildcard would capture all traffic')]
      : checkHost(host, path),
  ),
];

const checkAddresses = ({ addresses }: ServiceEntrySpec): Findings =>
  forEachItem(addresses, 'spec.addresses', (address, path) =>
    isIpOrCidr(address) ? [] : [invalid(path, `"${address}" is not an IP address or CIDR block`)],
  );

const checkPorts = ({ ports = [] }: ServiceEntrySpec): Findings => {
  const same = (field: 'number' | 'name', index: number, port: ServiceEntryPort): boolean =>
    ports.findIndex((other) => other[field] === port[field]) < index;
  return forEachItem(ports, 'spec.ports', (port, path, index) => [
    ...checkPort(port.number, `${path}.number`),
    ...checkPort(port.targetPort, `${path}.targetPort`),
    ...checkProtocol(port.protocol, `${path}.protocol`),
    ...(port.name === '' ? [missing(`${path}.name`, 'port name must be set')] : []),
    ...(same('number', index, port)
      ? [duplicate(`${path}.number`, `port ${port.number} is already defined`)]
      : []),
    ...(same('name', index, port)
      ? [duplicate(`${path}.name`, `port name "${port.name}" is already defined`)]
      : []),
  ]);
};

const checkEndpoints = ({ endpoints = [], ports = [] }: ServiceEntrySpec): Findings => {
  const names = new Set(ports.map((port) => port.name));
  return forEachItem(endpoints, 'spec.endpoints', (endpoint, path) => [
    ...checkWorkloadEntry(endpoint, path),
    ...Object.keys(endpoint.ports ?? {})
      .filter((name) => !names.has(name))
      .map((name) =>
        invalid(
          fieldPath(`${path}.ports`, name),
          `endpoint port "${name}" is not defined by the service entry`,
        ),
      ),
  ]);
};

const checkNone = ({ endpoints = [] }: ServiceEntrySpec): Findings =>
  endpoints.length > 0
    ? [
        conflict(
          'spec.endpoints',
          'no endpoints are used with resolution NONE: use STATIC or DNS, or leave them out',
        ),
      ]
    : [];

const checkStatic = ({ endpoints = [], workloadSelector }: ServiceEntrySpec): Findings => [
  ...(endpoints.length === 0 && workloadSelector === undefined
    ? [doubtful('spec.endpoints', 'resolution STATIC without endpoints reaches nothing')]
    : []),
  ...forEachItem(endpoints, 'spec.endpoints', ({ address = '' }, path) =>
    address === '' || address.startsWith('unix://') || isIpAddress(address)
      ? []
      : [
          invalid(
            `${path}.address`,
            `"${address}" must be an IP address with resolution STATIC; names need DNS`,
          ),
        ],
  ),
];

const checkDns = (spec: ServiceEntrySpec): Findings => {
  const { hosts, endpoints = [], workloadSelector, resolution } = spec;
  const found: Findings =
    endpoints.length === 0 && workloadSelector === undefined
      ? forEachItem(hosts, 'spec.hosts', (host, path) =>
          isWildcardHost(host)
            ? [
                invalid(
                  path,
                  `hosts must be DNS names without wildcard when resolution is ${resolution} and no endpoints are given`,
                ),
              ]
            : [],
        )
      : [];
  return resolution === 'DNS_ROUND_ROBIN' && endpoints.length > 1
    ? [...found, invalid('spec.endpoints', 'DNS_ROUND_ROBIN takes at most one endpoint')]
    : found;
};

const checkDynamicDns = (spec: ServiceEntrySpec): Findings => {
  const { hosts, endpoints = [] } = spec;
  const named = forEachItem(hosts, 'spec.hosts', (host, path) =>
    isWildcardHost(host) ? [] : [invalid(path, 'DYNAMIC_DNS is for wildcard hosts: use DNS')],
  );
  return endpoints.length > 0
    ? [...named, conflict('spec.endpoints', 'DYNAMIC_DNS resolves hosts itself: no endpoints')]
    : named;
};

const checkResolution = (spec: ServiceEntrySpec): Findings => {
  switch (spec.resolution ?? 'NONE') {
    case 'NONE':
      return checkNone(spec);
    case 'STATIC':
      return checkStatic(spec);
    case 'DYNAMIC_DNS':
      return checkDynamicDns(spec);
    default:
      return checkDns(spec);
  }
};

/** Opaque TCP cannot tell hosts apart, unless each has its address. */
const checkSeveralHosts = (spec: ServiceEntrySpec): Findings => {
  const { hosts, ports = [], addresses = [], resolution = 'NONE' } = spec;
  if (hosts.length < 2 || resolution === 'NONE' || addresses.length > 0) return [];
  const distinct = ports.some(({ protocol = 'TCP' }) => {
    const parsed = parseProtocol(protocol);
    return isHttpProtocol(parsed) || isTlsProtocol(parsed);
  });
  return distinct || ports.length === 0
    ? []
    : [
        invalid(
          'spec.hosts',
          'several hosts on TCP ports cannot be told apart: use one entry a host, or HTTP or TLS ports',
        ),
      ];
};

/** A ServiceEntry: hosts, ports, and endpoints that its resolution can use. */
export const checkServiceEntry = (spec: ServiceEntrySpec): Findings => {
  const { endpoints = [], workloadSelector } = spec;
  return [
    ...checkHosts(spec),
    ...checkAddresses(spec),
    ...checkPorts(spec),
    ...checkEndpoints(spec),
    ...checkResolution(spec),
    ...checkSeveralHosts(spec),
    ...(endpoints.length > 0 && workloadSelector !== undefined
      ? [conflict('spec.workloadSelector', 'cannot be combined with endpoints: keep one')]
      : []),
    ...checkSelectorLabels(workloadSelector?.labels, 'spec.workloadSelector.labels'),
    ...checkExportTo(spec.exportTo, 'spec.exportTo'),
  ];
};
