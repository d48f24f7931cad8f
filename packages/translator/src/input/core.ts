import {
  boolean,
  labels,
  list,
  message,
  messageOrEmpty,
  port,
  portOrName,
  type Reader,
  text,
} from './reader.ts';

/** core/v1 Service.spec, what the mesh reads of it. */
export interface KubeService {
  readonly type: string | undefined;
  readonly clusterIP: string | undefined;
  readonly clusterIPs: readonly string[];
  readonly externalName: string | undefined;
  readonly externalIPs: readonly string[];
  readonly selector: ReadonlyMap<string, string>;
  readonly ports: readonly KubeServicePort[];
}

/** `ServicePort` of a Kubernetes Service. */
export interface KubeServicePort {
  readonly name: string | undefined;
  readonly port: number | undefined;
  readonly targetPort: number | string | undefined;
  readonly protocol: string | undefined;
  readonly appProtocol: string | undefined;
}

/** Reads `spec` of a Service. */
export const kubeService: Reader<KubeService | undefined> = message<KubeService>({
  type: text,
  clusterIP: text,
  clusterIPs: list(text),
  externalName: text,
  externalIPs: list(text),
  selector: labels,
  ports: list(
    message<KubeServicePort>({
      name: text,
      port,
      targetPort: portOrName,
      protocol: text,
      appProtocol: text,
    }),
  ),
});

/** discovery/v1 EndpointSlice: its fields stand beside `metadata`. */
export interface EndpointSlice {
  readonly addressType: string | undefined;
  readonly endpoints: readonly SliceEndpoint[];
  readonly ports: readonly SlicePort[];
}

/** `Endpoint` of an EndpointSlice. */
export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly conditions: {
    readonly ready: boolean | undefined;
    readonly serving: boolean | undefined;
    readonly terminating: boolean | undefined;
  };
  readonly hostname: string | undefined;
  readonly nodeName: string | undefined;
  readonly zone: string | undefined;
  readonly targetRef:
    | {
        readonly kind: string | undefined;
        readonly name: string | undefined;
        readonly namespace: string | undefined;
      }
    | undefined;
}

interface SlicePort {
  readonly name: string | undefined;
  readonly port: number | undefined;
  readonly protocol: string | undefined;
}

/** Reads a whole EndpointSlice. */
export const endpointSlice: Reader<EndpointSlice | undefined> = message<EndpointSlice>({
  addressType: text,
  endpoints: list(
    message<SliceEndpoint>({
      addresses: list(text),
      conditions: messageOrEmpty<SliceEndpoint['conditions']>({
        ready: boolean,
        serving: boolean,
        terminating: boolean,
      }),
      hostname: text,
      nodeName: text,
      zone: text,
      targetRef: message<NonNullable<SliceEndpoint['targetRef']>>({
        kind: text,
        name: text,
        namespace: text,
      }),
    }),
  ),
  ports: list(message<SlicePort>({ name: text, port, protocol: text })),
});

/** core/v1 Pod, read whole: spec, status and owners. */
export interface Pod {
  readonly metadata: { readonly ownerReferences: readonly OwnerReference[] };
  readonly spec: {
    readonly serviceAccountName: string | undefined;
    readonly nodeName: string | undefined;
    readonly containers: readonly Container[];
  };
  readonly status: { readonly podIP: string | undefined };
}

interface OwnerReference {
  readonly kind: string | undefined;
  readonly name: string | undefined;
  readonly controller: boolean | undefined;
}

interface Container {
  readonly name: string | undefined;
  readonly ports: readonly {
    readonly name: string | undefined;
    readonly containerPort: number | undefined;
  }[];
}

/** Reads a whole Pod. */
export const pod: Reader<Pod | undefined> = message<Pod>({
  metadata: messageOrEmpty<Pod['metadata']>({
    ownerReferences: list(message<OwnerReference>({ kind: text, name: text, controller: boolean })),
  }),
  spec: messageOrEmpty<Pod['spec']>({
    serviceAccountName: text,
    nodeName: text,
    containers: list(
      message<Container>({
        name: text,
        ports: list(message<Container['ports'][number]>({ name: text, containerPort: port })),
      }),
    ),
  }),
  status: messageOrEmpty<Pod['status']>({ podIP: text }),
});

/** For kinds of which only metadata matter: Node and Namespace. */
export const metadataOnly: Reader<Record<never, never> | undefined> = () => ({});
