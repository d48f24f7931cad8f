import type { JsonSchema } from '../../resource-kind.ts';
import { array, object, oneOfStrings, string, strings, uint32 } from '../../schema/combinators.ts';
import type {
  OutboundTrafficPolicy,
  SidecarEgress,
  SidecarIngress,
  SidecarPort,
  SidecarSpec,
} from '../sidecar.ts';
import { destinationSchema, serverTlsSchema, workloadSelectorSchema } from './part.ts';
import { connectionPoolSchema } from './traffic-policy.ts';

const port = object<SidecarPort>({
  number: uint32,
  protocol: string,
  name: string,
  targetPort: uint32,
});

const captureMode = oneOfStrings('DEFAULT', 'IPTABLES', 'NONE');

const ingress = object<SidecarIngress>(
  {
    port,
    bind: string,
    captureMode,
    defaultEndpoint: string,
    tls: serverTlsSchema,
    connectionPool: connectionPoolSchema,
  },
  ['port'],
);

const egress = object<SidecarEgress>({ port, bind: string, captureMode, hosts: strings }, [
  'hosts',
]);

/** `spec` of networking.istio.io Sidecar. */
export const sidecarSpecSchema: JsonSchema = object<SidecarSpec>({
  workloadSelector: workloadSelectorSchema,
  ingress: array(ingress),
  egress: array(egress),
  inboundConnectionPool: connectionPoolSchema,
  outboundTrafficPolicy: object<OutboundTrafficPolicy>({
    mode: oneOfStrings('REGISTRY_ONLY', 'ALLOW_ANY', 'ALLOW_ANY_DYNAMIC_DNS'),
    egressProxy: destinationSchema,
  }),
});
