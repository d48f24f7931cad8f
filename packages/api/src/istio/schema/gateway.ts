import type { JsonSchema } from '../../resource-kind.ts';
import { array, object, string, stringMap, strings, uint32 } from '../../schema/combinators.ts';
import type { GatewayPort, GatewayServer, GatewaySpec } from '../gateway.ts';
import { serverTlsSchema } from './part.ts';

const port = object<GatewayPort>(
  { number: uint32, protocol: string, name: string, targetPort: uint32 },
  ['number', 'protocol', 'name'],
);

const server = object<GatewayServer>(
  {
    port,
    bind: string,
    hosts: strings,
    tls: serverTlsSchema,
    defaultEndpoint: string,
    name: string,
  },
  ['port', 'hosts'],
);

/** `spec` of networking.istio.io Gateway. */
export const gatewaySpecSchema: JsonSchema = object<GatewaySpec>({
  servers: array(server),
  selector: stringMap,
});
