import type { RouteTable, VirtualHostTable } from '@lateen/routing';
import type { Downstream } from './downstream.ts';

/**
 * The virtual host of an authority. A connection remembers its last one, since clients seldom change
 * the host within a connection; a new table or authority is looked up.
 */
export const rememberedHost = (
  connection: Downstream,
  table: RouteTable,
  authority: string,
): VirtualHostTable | undefined => {
  if (connection.cachedTable === table && connection.cachedAuthority === authority)
    return connection.cachedHost as VirtualHostTable | undefined;
  const host = table.selectVirtualHost(authority);
  connection.cachedTable = table;
  connection.cachedAuthority = authority;
  connection.cachedHost = host;
  return host;
};
