import { type JsonRecord, message, messages, number, text } from '@lateen/xds/json-record';
import { compareClusterNames } from './cluster-summary.ts';
import type { EndpointFilter } from './endpoint-summary.ts';
import { formatTable } from './text-table.ts';

const addressOf = (endpoint: JsonRecord): string => {
  const address = message(endpoint, 'endpoint', 'address');
  const socket = message(address, 'socket_address');
  if (text(socket, 'address') !== '')
    return `${text(socket, 'address')}:${number(socket, 'port_value')}`;
  const internal = message(address, 'envoy_internal_address');
  if (text(internal, 'server_listener_name') !== '')
    return `envoy://${text(internal, 'server_listener_name')}/${text(internal, 'endpoint_id')}`;
  return text(message(address, 'pipe'), 'path') || 'unknown';
};

const statusOf = (endpoint: JsonRecord): string => text(endpoint, 'health_status') || 'UNKNOWN';

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const passes = (endpoint: JsonRecord, { address, port, status }: EndpointFilter): boolean => {
  const socket = message(endpoint, 'endpoint', 'address', 'socket_address');
  return (
    (address === undefined || same(text(socket, 'address'), address)) &&
    (port === undefined || number(socket, 'port_value') === port) &&
    (status === undefined || same(statusOf(endpoint), status))
  );
};

/** `region/zone/subzone`, as far as it is known. */
const localityText = (locality: JsonRecord): string =>
  ['region', 'zone', 'sub_zone']
    .map((part) => text(locality, part))
    .join('/')
    .replace(/\/+$/, '');

/** Load assignments with only the endpoints that pass; those without any are left out. */
export const selectAssignments = (
  assignments: readonly JsonRecord[],
  filter: EndpointFilter,
): readonly JsonRecord[] =>
  assignments
    .filter(
      (one) => filter.cluster === undefined || same(text(one, 'cluster_name'), filter.cluster),
    )
    .map((one) => ({
      ...one,
      endpoints: messages(one, 'endpoints').map((locality) => ({
        ...locality,
        lb_endpoints: messages(locality, 'lb_endpoints').filter((endpoint) =>
          passes(endpoint, filter),
        ),
      })),
    }))
    .filter(({ endpoints }) => endpoints.some(({ lb_endpoints: { length } }) => length > 0))
    .toSorted((a, b) =>
      compareClusterNames(
        text(a as JsonRecord, 'cluster_name'),
        text(b as JsonRecord, 'cluster_name'),
      ),
    );

/** istioctl's `proxy-config eds`: what the control plane sent, before the proxy's own opinion. */
export const assignmentSummary = (assignments: readonly JsonRecord[]): string =>
  formatTable([
    ['NAME', 'STATUS', 'LOCALITY', 'CLUSTER'],
    ...assignments.flatMap((one) =>
      messages(one, 'endpoints').flatMap((locality) =>
        messages(locality, 'lb_endpoints').map((endpoint) => [
          addressOf(endpoint),
          statusOf(endpoint),
          localityText(message(locality, 'locality')),
          text(one, 'cluster_name'),
        ]),
      ),
    ),
  ]);
