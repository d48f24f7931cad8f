import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { KubeObject } from '@lateen/api';
import type { MeshConfig } from '@lateen/translator';
import { parse, parseAllDocuments } from 'yaml';

/** What a row expects; only what is written is compared, except that a row with `to` has no flags. */
export interface Expectation {
  /** `host:port/subset`, or percents by such names. Host and port default to the URL's. */
  readonly to?: string | Readonly<Record<string, number>>;
  readonly listener?: string;
  /** Null: it is bytes. */
  readonly virtualHost?: string | null;
  readonly route?: string;
  /** Index in `spec.http`. */
  readonly rule?: number;
  /** Answers that the proxy makes itself. */
  readonly status?: number;
  readonly flags?: readonly string[];
  /** The `location` of a redirect. */
  readonly redirect?: string;
  /** Body of a direct response. */
  readonly body?: string;
  readonly fault?: {
    readonly delayMs?: number;
    readonly delayPercent?: number;
    readonly abort?: number;
    readonly abortPercent?: number;
  };
  /** Path and Host as they go upstream. */
  readonly path?: string;
  readonly authority?: string;
  /** Headers that change on the way upstream; null: taken out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Headers the client must see. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly mirrors?: Readonly<Record<string, number>>;
  readonly timeoutMs?: number;
  /** 0: none. */
  readonly retries?: number;
  readonly retryOn?: string;
  readonly hash?: readonly string[];
  readonly balancing?: string;
  /** `plain`, `tls`: how the upstream is spoken to. */
  readonly transport?: string;
  /** Pods that may answer. */
  readonly pods?: readonly string[];
  /** `address:port` of those, sorted. */
  readonly endpoints?: readonly string[];
  /**
   * Parts that the resources which decide the request must have, as protobuf JSON with the names of
   * Envoy's documentation: in lists an element anywhere, null for what must be absent, `'**'` for
   * something anywhere below.
   */
  readonly configured?: {
    /** Of the first destination. */
    readonly cluster?: unknown;
    readonly endpoints?: unknown;
    readonly listener?: unknown;
    /** All of the caller's proxy. */
    readonly listeners?: unknown;
    readonly route?: unknown;
  };
  /** The caller cannot even be asked about: the code of the diagnostic. */
  readonly error?: string;
  /** Pattern of what is said about objects of the row that are refused; absent: all are taken. */
  readonly refused?: string;
  /** Cannot be shown by sockets: why. */
  readonly socketless?: string;
  /** Stock Envoy cannot, or does otherwise: why. */
  readonly notInEnvoy?: string;
}

interface RowText extends Expectation {
  readonly name?: string;
  readonly request: string;
  readonly with?: readonly string[];
  readonly from?: string;
  readonly gateway?: string;
  readonly inbound?: string;
}

interface ObjectText {
  readonly kind: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

interface GroupText {
  readonly name: string;
  readonly mesh?: string | readonly string[];
  readonly config?: Partial<MeshConfig>;
  readonly base?: string;
  readonly from?: string;
  readonly gateway?: string;
  readonly inbound?: string;
  readonly modes?: readonly ('REDIRECT' | 'NONE')[];
  readonly objects?: readonly ObjectText[];
  readonly rows: readonly RowText[];
}

interface TableText extends Omit<GroupText, 'rows' | 'name'> {
  readonly behaviour: string;
  readonly groups: readonly GroupText[];
}

/** A row with everything it stands on. */
export interface Row {
  readonly name: string;
  readonly objects: readonly KubeObject[];
  /** Rows of one group share it: what is built from the objects can be shared too. */
  readonly group: object;
  readonly config: Partial<MeshConfig>;
  readonly caller:
    | { readonly kind: 'outbound' | 'inbound'; readonly workload: string }
    | { readonly kind: 'gateway'; readonly gateway: string };
  readonly modes: readonly ('REDIRECT' | 'NONE')[];
  readonly method: string;
  readonly url: string;
  readonly headers: readonly string[];
  readonly expect: Expectation;
}

const folder = import.meta.dirname;
const samples = join(folder, '../../samples');

const apiVersions: Readonly<Record<string, string>> = {
  Service: 'v1',
  Pod: 'v1',
  Namespace: 'v1',
  Deployment: 'apps/v1',
  EndpointSlice: 'discovery.k8s.io/v1',
  PeerAuthentication: 'security.istio.io/v1',
  RequestAuthentication: 'security.istio.io/v1',
  AuthorizationPolicy: 'security.istio.io/v1',
  Telemetry: 'telemetry.istio.io/v1',
};

const objectOf = ({ kind, name, namespace, labels, ...fields }: ObjectText): KubeObject =>
  ({
    apiVersion: apiVersions[kind] ?? 'networking.istio.io/v1',
    kind,
    metadata: {
      name: name ?? kind.toLowerCase(),
      ...(namespace !== undefined && { namespace }),
      ...(labels !== undefined && { labels }),
    },
    ...fields,
  }) as KubeObject;

/** Manifests of a mesh: a file of `testdata/meshes/`, or of the samples. */
const meshObjects = (name: string): readonly KubeObject[] => {
  const path = name.endsWith('.yaml')
    ? join(samples, name)
    : join(folder, `testdata/meshes/${name}.yaml`);
  return parseAllDocuments(readFileSync(path, 'utf8'), { version: '1.1' })
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
};

/** As `kubectl apply` in this order leaves them: of an object written twice the last one counts. */
const applied = (objects: readonly KubeObject[]): readonly KubeObject[] => {
  const byKey = new Map<string, KubeObject>();
  for (const object of objects) {
    const { name, namespace = 'default' } = object.metadata;
    byKey.set(`${object.kind}/${namespace}/${name}`, object);
  }
  return [...byKey.values()];
};

const callerOf = (texts: readonly Partial<RowText>[]): Row['caller'] => {
  for (const { gateway, inbound, from } of texts) {
    if (gateway !== undefined) return { kind: 'gateway', gateway };
    if (inbound !== undefined) return { kind: 'inbound', workload: inbound };
    if (from !== undefined) return { kind: 'outbound', workload: from };
  }
  throw new Error('a row says with from, gateway or inbound whose request it is');
};

const rowOf = (
  row: RowText,
  { group, table, objects }: { group: GroupText; table: TableText; objects: Row['objects'] },
): Row => {
  const { name, request, with: headers, from, gateway, inbound, ...expect } = row;
  const [method = '', target = ''] = request.split(' ');
  const base = group.base ?? table.base ?? '';
  return {
    name: `${table.behaviour}: ${group.name}: ${name ?? [request, ...(headers ?? [])].join(', ')}`,
    objects,
    group,
    config: { ...table.config, ...group.config },
    caller: callerOf([row, group, table]),
    modes: group.modes ?? table.modes ?? ['REDIRECT', 'NONE'],
    method,
    url: target.startsWith('/') ? `${base}${target}` : target,
    headers: headers ?? [],
    expect,
  };
};

/** Ways of interception that a row is asked in; gateways have none. */
export const modesOf = ({ caller, modes }: Row): Row['modes'] =>
  caller.kind === 'gateway' ? ['REDIRECT'] : modes;

const readTable = (path: string): readonly Row[] => {
  const table = parse(readFileSync(path, 'utf8'), { merge: true }) as TableText;
  return table.groups.flatMap((group) => {
    const meshes = [group.mesh ?? table.mesh ?? []].flat();
    const own = [...(table.objects ?? []), ...(group.objects ?? [])].map(objectOf);
    const objects = [...applied(meshes.flatMap(meshObjects)), ...own];
    return group.rows.map((row) => rowOf(row, { group, table, objects }));
  });
};

/** All rows of `testdata/rows/*.yaml`. */
export const allRows = (): readonly Row[] =>
  globSync(join(folder, 'testdata/rows/*.yaml'))
    .toSorted((left, right) => (basename(left) < basename(right) ? -1 : 1))
    .flatMap(readTable);
