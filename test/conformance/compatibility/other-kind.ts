/** Kinds of Istio that are not listed field by field, and how far they go. */
export const otherKinds: ReadonlyMap<string, string> = new Map([
  ['EnvoyFilter', 'schema, validation and analysis; patches are not applied'],
  ['ProxyConfig', 'schema and validation; proxies do not read it'],
  ['PeerAuthentication', 'implemented: modes of mesh, namespace, workload and port'],
  [
    'RequestAuthentication',
    'implemented: tokens from headers, parameters and cookies, key sets, claims for rules and headers',
  ],
  [
    'AuthorizationPolicy',
    'implemented: ALLOW, DENY, AUDIT and CUSTOM, dry run, HTTP and TCP; cases in `test/conformance/authorization`',
  ],
  ['WasmPlugin', 'schema, validation and analysis; modules are not run'],
  ['IstioOperator', 'stored as it is; nothing is installed by it'],
]);
