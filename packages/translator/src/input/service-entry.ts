import { labels, list, mapOf, message, port, type Reader, text, uint32, word } from './reader.ts';

const resolutions = ['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'] as const;

/** networking.istio.io ServiceEntry.spec. */
export interface ServiceEntry {
  readonly hosts: readonly string[];
  readonly addresses: readonly string[];
  readonly ports: readonly ServiceEntryPort[];
  readonly location: 'MESH_EXTERNAL' | 'MESH_INTERNAL' | undefined;
  readonly resolution: (typeof resolutions)[number] | undefined;
  readonly endpoints: readonly WorkloadEntry[];
  readonly workloadSelector: { readonly labels: ReadonlyMap<string, string> } | undefined;
  readonly exportTo: readonly string[];
  readonly subjectAltNames: readonly string[];
}

/** `ServicePort` of a ServiceEntry. */
export interface ServiceEntryPort {
  readonly number: number | undefined;
  readonly protocol: string | undefined;
  readonly name: string | undefined;
  readonly targetPort: number | undefined;
}

/** networking.istio.io WorkloadEntry.spec, also an endpoint of a ServiceEntry. */
export interface WorkloadEntry {
  readonly address: string | undefined;
  readonly ports: ReadonlyMap<string, number>;
  readonly labels: ReadonlyMap<string, string>;
  readonly network: string | undefined;
  readonly locality: string | undefined;
  readonly weight: number | undefined;
  readonly serviceAccount: string | undefined;
}

/** Reads `spec` of a WorkloadEntry of any version. */
export const workloadEntry: Reader<WorkloadEntry | undefined> = message<WorkloadEntry>({
  address: text,
  ports: mapOf(port),
  labels,
  network: text,
  locality: text,
  weight: uint32,
  serviceAccount: text,
});

/** Reads `spec` of a ServiceEntry of any version. */
export const serviceEntry: Reader<ServiceEntry | undefined> = message<ServiceEntry>({
  hosts: list(text),
  addresses: list(text),
  ports: list(
    message<ServiceEntryPort>({ number: port, protocol: text, name: text, targetPort: port }),
  ),
  location: word(['MESH_EXTERNAL', 'MESH_INTERNAL']),
  resolution: word(resolutions),
  endpoints: list(workloadEntry),
  workloadSelector: message<NonNullable<ServiceEntry['workloadSelector']>>({ labels }),
  exportTo: list(text),
  subjectAltNames: list(text),
});
