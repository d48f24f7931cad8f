import { isIpAddress } from '../../ip-address.ts';
import { fieldPath } from '../../schema/field-path.ts';
import type { WorkloadEntrySpec } from '../workload-entry.ts';
import type { WorkloadGroupSpec, WorkloadProbe } from '../workload-group.ts';
import { checkLabels, checkNotNegative, checkPort, isFqdn } from './field.ts';
import { conflict, doubtful, type Findings, ifPresent, invalid, missing } from './finding.ts';

const checkUnix = ({ address = '', ports }: WorkloadEntrySpec, path: string): Findings => {
  const found = [];
  const socket = address.slice('unix://'.length);
  if (!socket.startsWith('/') && !socket.startsWith('@'))
    found.push(invalid(`${path}.address`, `"${address}" must name an absolute path`));
  if (Object.keys(ports ?? {}).length > 0)
    found.push(conflict(`${path}.ports`, 'a unix socket has no ports'));
  return found;
};

/** An address an endpoint may have: IP, DNS name or unix socket. */
const checkEndpointAddress = (entry: WorkloadEntrySpec, path: string): Findings => {
  const { address = '', network } = entry;
  if (address === '')
    return network
      ? []
      : [missing(`${path}.address`, 'address must be set, unless network says where to reach it')];
  if (address.startsWith('unix://')) return checkUnix(entry, path);
  return isIpAddress(address) || isFqdn(address)
    ? []
    : [invalid(`${path}.address`, `"${address}" is not an IP address, DNS name or unix:// socket`)];
};

/** What holds for entries, endpoints and templates alike. */
const checkEntryDetails = (entry: WorkloadEntrySpec, path: string): Findings => [
  ...Object.entries(entry.ports ?? {}).flatMap(([name, port]) =>
    checkPort(port, fieldPath(`${path}.ports`, name)),
  ),
  ...checkLabels(entry.labels, `${path}.labels`),
  ...(entry.locality?.includes('*')
    ? [invalid(`${path}.locality`, 'a locality is one place: no wildcard')]
    : []),
];

/** A WorkloadEntry, or an endpoint of a ServiceEntry at `path`. */
export const checkWorkloadEntry = (entry: WorkloadEntrySpec, path = 'spec'): Findings => [
  ...checkEndpointAddress(entry, path),
  ...checkEntryDetails(entry, path),
];

const checkProbe = (probe: WorkloadProbe, path: string): Findings => {
  const { httpGet, tcpSocket, exec, grpc } = probe;
  const actions = [httpGet, tcpSocket, exec, grpc].filter((one) => one !== undefined);
  const times = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const;
  return [
    ...(actions.length === 0
      ? [missing(path, 'probe must have one of httpGet, tcpSocket, exec or grpc')]
      : []),
    ...times.flatMap((field) => checkNotNegative(probe[field], `${path}.${field}`)),
    ...checkPort(httpGet?.port, `${path}.httpGet.port`),
    ...checkPort(tcpSocket?.port, `${path}.tcpSocket.port`),
    ...checkPort(grpc?.port, `${path}.grpc.port`),
    ...(exec !== undefined && exec.command.length === 0
      ? [missing(`${path}.exec.command`, 'the command must not be empty')]
      : []),
  ];
};

/** A WorkloadGroup: template, labels, probe. */
export const checkWorkloadGroup = ({ metadata, template, probe }: WorkloadGroupSpec): Findings => [
  ...checkEntryDetails(template, 'spec.template'),
  ...(template.address
    ? [doubtful('spec.template.address', 'each registered workload brings its own address')]
    : []),
  ...checkLabels(metadata?.labels, 'spec.metadata.labels'),
  ...ifPresent(probe, (one) => checkProbe(one, 'spec.probe')),
];
