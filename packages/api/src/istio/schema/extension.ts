import type { JsonSchema } from '../../resource-kind.ts';
import {
  anyObject,
  array,
  atMostOneOf,
  extend,
  int32,
  nonEmptyString,
  nullable,
  object,
  oneOfStrings,
  port,
  string,
  stringMap,
} from '../../schema/combinators.ts';
import type { ProxyConfigSpec } from '../proxy-config.ts';
import type { WasmPluginSpec } from '../wasm-plugin.ts';
import { policySelectorSchema, policyTargetProperties } from './part.ts';

/** `spec` of networking.istio.io ProxyConfig. */
export const proxyConfigSpecSchema: JsonSchema = object<ProxyConfigSpec>({
  selector: policySelectorSchema,
  concurrency: nullable(extend(int32, { minimum: 0 })),
  environmentVariables: stringMap,
  image: object<{ imageType: string }>({ imageType: string }),
});

const env = object<{ name: string; valueFrom: unknown; value: string }>(
  {
    name: extend(nonEmptyString, { maxLength: 256 }),
    valueFrom: oneOfStrings('INLINE', 'HOST'),
    value: extend(string, { maxLength: 2048 }),
  },
  ['name'],
);

const match = object<{ mode: unknown; ports: unknown }>({
  mode: oneOfStrings('UNDEFINED', 'CLIENT', 'SERVER', 'CLIENT_AND_SERVER'),
  ports: array(object<{ number: number }>({ number: port }, ['number'])),
});

/** `spec` of extensions.istio.io WasmPlugin. */
export const wasmPluginSpecSchema: JsonSchema = extend(
  object<WasmPluginSpec>(
    {
      ...policyTargetProperties,
      url: nonEmptyString,
      sha256: extend(string, { pattern: '(^$|^[a-f0-9]{64}$)' }),
      imagePullPolicy: oneOfStrings('UNSPECIFIED_POLICY', 'IfNotPresent', 'Always'),
      imagePullSecret: extend(string, { maxLength: 253 }),
      verificationKey: string,
      pluginConfig: anyObject,
      pluginName: extend(string, { maxLength: 256 }),
      phase: oneOfStrings('UNSPECIFIED_PHASE', 'AUTHN', 'AUTHZ', 'STATS'),
      priority: nullable(int32),
      failStrategy: oneOfStrings('FAIL_CLOSE', 'FAIL_OPEN', 'FAIL_RELOAD'),
      vmConfig: object<{ env: unknown }>({ env: array(env, { maxItems: 256 }) }),
      match: array(match),
      type: oneOfStrings('UNSPECIFIED_PLUGIN_TYPE', 'HTTP', 'NETWORK'),
    },
    ['url'],
  ),
  atMostOneOf('selector', 'targetRefs', 'targetRef'),
);
