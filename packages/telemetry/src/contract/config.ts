import type { Diagnostic } from '@lateen/base';

/** Names an object. `namespace` is '' for cluster-wide kinds. */
export interface ConfigReference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** How many findings there are. */
export interface FindingCounts {
  readonly errors: number;
  readonly warnings: number;
  readonly infos: number;
}

/** A row of `GET config?kind=VirtualService&namespaces=a,b` (kind and namespaces: comma-separated, default all). */
export interface ConfigSummary extends ConfigReference {
  readonly apiVersion: string;
  readonly resourceVersion: string;
  /** Epoch milliseconds. */
  readonly createdAtMs: number;
  readonly findings: FindingCounts;
  /** Short text of what it is about: hosts, selector. */
  readonly summary: string;
}

/** A kind the configuration pages know. */
export interface ConfigKind {
  readonly kind: string;
  /** Newest served: `networking.istio.io/v1`. */
  readonly apiVersion: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  readonly count: number;
}

/** `GET config`: Istio's kinds, and Service, Deployment, ServiceAccount, Namespace, ConfigMap for reading. */
export interface ConfigList {
  readonly kinds: readonly ConfigKind[];
  readonly objects: readonly ConfigSummary[];
}

/** `GET config/{kind}/{namespace}/{name}`; for cluster-wide kinds the namespace is `_`. */
export interface ConfigDetail extends ConfigReference {
  readonly apiVersion: string;
  readonly resourceVersion: string;
  /** Without managedFields. */
  readonly object: Readonly<Record<string, unknown>>;
  /** The same as text to edit: without managedFields, status, uid and resourceVersion. */
  readonly yaml: string;
  /** Findings of validators and analyzers, with positions in `yaml`. */
  readonly diagnostics: readonly Diagnostic[];
  readonly isEditable: boolean;
}

/** Body of `POST config/validate`: one or more documents. */
export interface ValidateRequest {
  readonly yaml: string;
  /** Namespace of objects without one. Default `default`. */
  readonly namespace?: string;
}

/** Findings of the text as if it were applied to the mesh as it is; `position` has line and column in the text. */
export interface ValidateAnswer {
  readonly diagnostics: readonly Diagnostic[];
  /** The API server would take it: analyzers' findings (codes `IST…`) are no hindrance, even when they are errors. */
  readonly valid: boolean;
  /** What the documents are. */
  readonly objects: readonly ConfigReference[];
}

/** Body of `POST config/preview`: what would be applied, and what deleted. */
export interface PreviewRequest {
  readonly yaml?: string;
  readonly delete?: readonly ConfigReference[];
  readonly namespace?: string;
}

/** Where a route sends, in short. */
export interface RouteTarget {
  readonly cluster: string;
  readonly host: string;
  readonly subset: string;
  readonly port: number;
  /** 0-100. */
  readonly percent: number;
}

/** What a route does. */
export interface RouteView {
  /** `prefix /, header end-user exact jason`. */
  readonly match: string;
  readonly name: string;
  readonly targets: readonly RouteTarget[];
  /** `301 https://...`; '' for none. */
  readonly redirect: string;
  /** `503 text`; '' for none. */
  readonly directResponse: string;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly retries: string;
  readonly fault: string;
  readonly mirrors: readonly string[];
  readonly virtualService: string;
}

/** One field that differs, by its path in the Envoy resource (`circuit_breakers.thresholds[0].max_connections`). */
export interface FieldChange {
  readonly path: string;
  /** JSON text; '' when absent. */
  readonly before: string;
  readonly after: string;
}

/** Something in the proxies that would not be as before. */
export interface PreviewChange {
  readonly resource: 'route' | 'cluster' | 'listener';
  readonly change: 'added' | 'removed' | 'changed';
  /** Host and port for a route, name for a cluster or a listener. */
  readonly name: string;
  /** Workloads `namespace/name` whose proxies change, at most 50; `proxyCount` says how many there are. */
  readonly proxies: readonly string[];
  readonly proxyCount: number;
  /** Routes of that host in order; for routes only. */
  readonly before: readonly RouteView[];
  readonly after: readonly RouteView[];
  /** For clusters and listeners, at most 50. */
  readonly fields: readonly FieldChange[];
}

/** `POST config/preview`: nothing is saved. The same code as in the proxies decides. */
export interface PreviewAnswer {
  readonly valid: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** At most 500; routes first. */
  readonly changes: readonly PreviewChange[];
  /** How many routes, clusters, listeners would change in all. */
  readonly counts: {
    readonly routes: number;
    readonly clusters: number;
    readonly listeners: number;
  };
  readonly proxiesAffected: number;
  readonly leftOut: number;
}

/**
 * Body of `PUT config/{kind}/{namespace}/{name}`: creates, or replaces. The text must be of that kind and name.
 * Status 200 or 201 with ConfigDetail; 409 when `resourceVersion` is not the object's any more, 422 with diagnostics.
 */
export interface SaveRequest {
  readonly yaml: string;
  /** What was read; absent: create, or replace whatever there is. */
  readonly resourceVersion?: string;
}

/** `DELETE config/{kind}/{namespace}/{name}`. */
export interface DeleteAnswer {
  readonly deleted: ConfigReference;
}

/** A change of an object, as it was seen, whoever made it. */
export interface HistoryEntry {
  /** Counts up from 1 as long as the server runs. */
  readonly id: number;
  readonly timeMs: number;
  readonly change: 'added' | 'modified' | 'deleted';
  readonly object: ConfigReference;
  readonly resourceVersion: string;
  /** `kubectl-client-side-apply`, `lateen-dashboard`: from managedFields; '' when not known. */
  readonly manager: string;
  /** Texts; '' where there was or is no object. */
  readonly before: string;
  readonly after: string;
}

/** `GET config/history?kind=&namespace=&name=&limit=` newest first; what the server has seen, bounded. */
export interface HistoryAnswer {
  readonly entries: readonly HistoryEntry[];
  /** Epoch milliseconds since when changes are seen. */
  readonly sinceMs: number;
}

/** Body of `POST config/restore`: brings the object back to what it was before or after that entry. */
export interface RestoreRequest {
  readonly id: number;
  readonly side: 'before' | 'after';
}

/** Answer of a restore: `object` is null when that side means "no object", and it was deleted. */
export interface RestoreAnswer {
  readonly object: ConfigDetail | null;
  readonly change: 'added' | 'modified' | 'deleted' | 'none';
}
