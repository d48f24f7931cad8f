/** Filter state by which Istio's proxies tell of their peers: sent with logs that go to a service. */
export const peerStates: readonly string[] = [
  'upstream_peer',
  'downstream_peer',
  'wasm.upstream_peer',
  'wasm.upstream_peer_id',
  'wasm.downstream_peer',
  'wasm.downstream_peer_id',
];
