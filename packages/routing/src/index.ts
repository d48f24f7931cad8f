export type * from './access-log.ts';
export type * from './address.ts';
export type * from './cluster-table.ts';
export type * from './decision.ts';
export type * from './endpoint-table.ts';
export type * from './filter-config.ts';
export { compileFormat, compileJsonFormat, type FormatOptions } from './format.ts';
export type * from './format-context.ts';
export type { HeaderCondition } from './header-condition.ts';
export {
  applyHeaderMutation,
  type HeaderList,
  noHeaderMutation,
  orderHeaderMutations,
} from './header-mutation.ts';
export type * from './http-connection-manager.ts';
export type * from './listener-table.ts';
export type * from './path-normalization.ts';
export { pathOnly, queryParameter } from './request-path.ts';
export { compileRouteConfiguration } from './route-table.ts';
export type { StringMatch } from './string-match.ts';
export type * from './tls-settings.ts';
