import { fromBinary, fromJson, type JsonObject, toBinary, toJson } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import type { FormatNode } from '@lateen/routing';
import type { PeerFacts } from '../../http/exchange.ts';

/** Who this proxy is, as peers and metrics see it. */
export interface MeshIdentity {
  /** The bootstrap's node id. */
  readonly id: string;
  readonly facts: PeerFacts;
  /** The bootstrap's node, as expressions see it. */
  readonly node: FormatNode;
  /** `x-envoy-peer-metadata`: base64 of a `google.protobuf.Struct`. */
  readonly header: string;
}

const unknown = 'unknown';

const text = (value: unknown): string =>
  typeof value === 'string' && value !== '' ? value : unknown;

const labelsOf = (metadata: JsonObject): JsonObject => {
  const labels = metadata['LABELS'];
  return typeof labels === 'object' && labels !== null && !Array.isArray(labels) ? labels : {};
};

/** Workload facts out of node metadata (Istio's keys): values of metric labels. */
export const peerFacts = (metadata: JsonObject): PeerFacts => {
  const labels = labelsOf(metadata);
  const workload = text(metadata['WORKLOAD_NAME']);
  const app = text(labels['app'] ?? labels['app.kubernetes.io/name']);
  const version = text(labels['version'] ?? labels['app.kubernetes.io/version']);
  const canonical = text(labels['service.istio.io/canonical-name'] ?? labels['app'] ?? workload);
  const revision = labels['service.istio.io/canonical-revision'] ?? labels['version'];
  return {
    workload,
    namespace: text(metadata['NAMESPACE']),
    app,
    version,
    canonicalService: canonical,
    canonicalRevision: revision === undefined ? 'latest' : text(revision),
    cluster: text(metadata['CLUSTER_ID']),
  };
};

/** Keys that peers need; the rest of the metadata stays here. */
const sharedKeys = ['NAME', 'NAMESPACE', 'OWNER', 'WORKLOAD_NAME', 'CLUSTER_ID'] as const;
const sharedLabels = [
  'app',
  'version',
  'service.istio.io/canonical-name',
  'service.istio.io/canonical-revision',
] as const;

const pick = (from: JsonObject, keys: readonly string[]): JsonObject =>
  Object.fromEntries(
    keys.flatMap((key) => {
      const value = from[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );

/** What peers are told of a node's metadata. */
export const sharedMetadata = (metadata: JsonObject): JsonObject => ({
  ...pick(metadata, sharedKeys),
  LABELS: pick(labelsOf(metadata), sharedLabels),
});

/** The identity for a node of a bootstrap; its metadata are JSON. */
export const createMeshIdentity = (node: FormatNode): MeshIdentity => {
  const { id } = node;
  const metadata = node.metadata as JsonObject;
  const struct = fromJson(StructSchema, sharedMetadata(metadata));
  const header = Buffer.from(toBinary(StructSchema, struct)).toString('base64');
  return { id, node, facts: peerFacts(metadata), header };
};

/** Metadata bigger than this is not decoded. */
const maxHeaderCharacters = 16_384;

/** Reads a peer's header; undefined when it is not such a message. */
export const parsePeerHeader = (header: string): PeerFacts | undefined => {
  if (header.length > maxHeaderCharacters) return undefined;
  try {
    const struct = fromBinary(StructSchema, Buffer.from(header, 'base64'));
    return peerFacts(toJson(StructSchema, struct) as JsonObject);
  } catch {
    return undefined;
  }
};

/** Facts of an endpoint as the control plane tells them: `workload;namespace;canonical;revision;cluster`. */
export const endpointFacts = (
  metadata: Readonly<Record<string, unknown>>,
): PeerFacts | undefined => {
  const istio = metadata['istio'];
  if (typeof istio !== 'object' || istio === null) return undefined;
  const packed = (istio as Readonly<Record<string, unknown>>)['workload'];
  if (typeof packed !== 'string') return undefined;
  const [workload, namespace, service, revision, cluster] = packed.split(';');
  return {
    workload: text(workload),
    namespace: text(namespace),
    app: text(service),
    version: text(revision),
    canonicalService: text(service),
    canonicalRevision: text(revision),
    cluster: text(cluster),
  };
};
