/** What `/ready` and `/server_info` call the state (`envoy.admin.v3.ServerInfo.State`). */
export type ServerState = 'LIVE' | 'DRAINING' | 'INITIALIZING';

/** State an operator changes. */
export interface AdminState {
  /** `/healthcheck/fail`: readiness says no while traffic goes on. */
  failsHealthcheck: boolean;
  isDraining: boolean;
}

/** The state of a proxy. */
export const serverState = (state: AdminState, isReady: boolean): ServerState => {
  if (state.isDraining || state.failsHealthcheck) return 'DRAINING';
  return isReady ? 'LIVE' : 'INITIALIZING';
};
