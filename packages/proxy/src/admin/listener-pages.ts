import type { JsonObject } from '@bufbuild/protobuf';
import { addressLabel } from '../listener/listener-socket.ts';
import type { AdminContext } from './admin-context.ts';

/** `/listeners` as text: `name::address`. */
export const printListeners = ({ listeners }: AdminContext): string =>
  listeners.tables.map(({ name, address }) => `${name}::${addressLabel(address)}\n`).join('');

/** `/listeners?format=json`, in the shape of `envoy.admin.v3.Listeners`. */
export const listenersJson = ({ listeners }: AdminContext): JsonObject => ({
  listener_statuses: listeners.tables.map(({ name, address }) => ({
    name,
    local_address:
      address.kind === 'socket'
        ? { socket_address: { address: address.host, port_value: address.port } }
        : { pipe: { path: addressLabel(address) } },
  })),
});
