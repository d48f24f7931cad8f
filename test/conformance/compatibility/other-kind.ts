/** Kinds of Istio that are not listed field by field, and how far they go. */
export const otherKinds: ReadonlyMap<string, string> = new Map([
  ['EnvoyFilter', 'schema, validation and analysis; patches are not applied'],
  ['ProxyConfig', 'schema and validation; proxies do not read it'],
  ['PeerAuthentication', 'mTLS modes of mesh, namespace, workload and port'],
  ['RequestAuthentication', 'schema, validation and analysis'],
  ['AuthorizationPolicy', 'schema, validation and analysis'],
  ['Telemetry', 'schema and validation; metrics and access logs are as by default'],
  ['WasmPlugin', 'schema, validation and analysis; modules are not run'],
  ['IstioOperator', 'stored as it is; nothing is installed by it'],
]);
