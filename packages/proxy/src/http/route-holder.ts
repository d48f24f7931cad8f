import type { RouteTable } from '@lateen/routing';

/** The current table of a route configuration: replaced by one assignment, read for each request. */
export interface RouteHolder {
  table: RouteTable | undefined;
}
