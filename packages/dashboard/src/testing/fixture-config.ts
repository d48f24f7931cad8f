import type { Diagnostic } from '@lateen/base';
import type {
  ConfigDetail,
  ConfigKind,
  ConfigReference,
  ConfigSummary,
  HistoryEntry,
  PreviewAnswer,
  ValidateAnswer,
} from '@lateen/telemetry/contract';
import { isMap, LineCounter, parseAllDocuments } from 'yaml';

interface ObjectShape {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: Readonly<Record<string, unknown>>;
}

interface Stored {
  readonly reference: ConfigReference;
  readonly yaml: string;
  readonly object: Readonly<Record<string, unknown>>;
  readonly resourceVersion: string;
}

const initial = [
  `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
  namespace: default
spec:
  hosts:
    - reviews
  http:
    - match:
        - headers:
            end-user:
              exact: jason
      route:
        - destination:
            host: reviews
            subset: v2
    - route:
        - destination:
            host: reviews
            subset: v1
          weight: 50
        - destination:
            host: reviews
            subset: v2
          weight: 50
`,
  `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: reviews
  namespace: default
spec:
  host: reviews
  subsets:
    - name: v1
      labels:
        version: v1
    - name: v2
      labels:
        version: v2
    - name: v3
      labels:
        version: v3
`,
  `apiVersion: networking.istio.io/v1
kind: Gateway
metadata:
  name: bookinfo-gateway
  namespace: default
spec:
  selector:
    istio: ingressgateway
  servers:
    - port:
        number: 80
        name: http
        protocol: HTTP
      hosts:
        - "*"
`,
];

// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: made-up answers, read from top to bottom
const readDocuments = (yaml: string, namespace: string) => {
  const lines = new LineCounter();
  const diagnostics: Diagnostic[] = [];
  const objects: { reference: ConfigReference; object: ObjectShape }[] = [];
  for (const document of parseAllDocuments(yaml, { lineCounter: lines })) {
    if (!('errors' in document)) continue;
    for (const error of document.errors) {
      const at = lines.linePos(error.pos[0]);
      diagnostics.push({
        severity: 'error',
        code: 'YamlSyntax',
        message: error.message.split('\n')[0] ?? '',
        position: { line: at.line, column: at.col },
      });
    }
    const object = document.toJS() as ObjectShape | null;
    if (object === null || typeof object !== 'object') continue;
    const spec = document.get('spec', true);
    if (isMap(spec)) diagnostics.push(...unknownFields(spec, lines, object));
    objects.push({
      reference: {
        kind: object.kind ?? '',
        namespace: object.metadata?.namespace ?? namespace,
        name: object.metadata?.name ?? '',
      },
      object,
    });
  }
  return { diagnostics, objects };
};

const knownFields = new Set([
  'hosts',
  'http',
  'tcp',
  'tls',
  'gateways',
  'host',
  'subsets',
  'trafficPolicy',
  'selector',
  'servers',
  'mtls',
  'portLevelMtls',
  'exportTo',
  'location',
  'ports',
  'resolution',
  'rules',
  'action',
]);

const unknownFields = (
  spec: { items: readonly { key: unknown }[] },
  lines: LineCounter,
  object: ObjectShape,
): Diagnostic[] =>
  spec.items.flatMap(({ key }): Diagnostic[] => {
    const scalar = key as { value?: unknown; range?: readonly number[] };
    if (typeof scalar.value !== 'string' || knownFields.has(scalar.value)) return [];
    const at = lines.linePos(scalar.range?.[0] ?? 0);
    return [
      {
        severity: 'error',
        code: 'FieldUnknown',
        message: `unknown field "${scalar.value}" in ${object.kind}`,
        path: `spec.${scalar.value}`,
        position: { line: at.line, column: at.col },
      },
    ];
  });

/** A small store of objects with history, enough to answer the configuration pages. */
export class FixtureConfig {
  readonly #objects = new Map<string, Stored>();
  readonly #history: HistoryEntry[] = [];
  #version = 100;

  constructor() {
    for (const yaml of initial) this.save(yaml, 'kubectl-client-side-apply');
  }

  #key({ kind, namespace, name }: ConfigReference): string {
    return `${kind}/${namespace}/${name}`;
  }

  kinds(): ConfigKind[] {
    const kinds = [
      ['VirtualService', 'networking.istio.io/v1', 'virtualservices', 'vs'],
      ['DestinationRule', 'networking.istio.io/v1', 'destinationrules', 'dr'],
      ['Gateway', 'networking.istio.io/v1', 'gateways', 'gw'],
      ['ServiceEntry', 'networking.istio.io/v1', 'serviceentries', 'se'],
      ['Sidecar', 'networking.istio.io/v1', 'sidecars', ''],
      ['PeerAuthentication', 'security.istio.io/v1', 'peerauthentications', 'pa'],
      ['AuthorizationPolicy', 'security.istio.io/v1', 'authorizationpolicies', 'ap'],
      ['Telemetry', 'telemetry.istio.io/v1', 'telemetries', ''],
    ] as const;
    return kinds.map(([kind, apiVersion, plural, short]) => ({
      kind,
      apiVersion,
      plural,
      shortNames: short === '' ? [] : [short],
      namespaced: true,
      count: [...this.#objects.values()].filter(({ reference }) => reference.kind === kind).length,
    }));
  }

  list(): ConfigSummary[] {
    return [...this.#objects.values()].map((stored) => ({
      ...stored.reference,
      apiVersion: (stored.object as ObjectShape).apiVersion ?? '',
      resourceVersion: stored.resourceVersion,
      createdAtMs: Date.now() - 600_000,
      findings: { errors: 0, warnings: stored.reference.kind === 'Gateway' ? 1 : 0, infos: 0 },
      summary: JSON.stringify(
        (stored.object as ObjectShape).spec?.['hosts'] ??
          (stored.object as ObjectShape).spec?.['host'] ??
          '',
      ).replaceAll(/["[\]]/g, ''),
    }));
  }

  detail(reference: ConfigReference): ConfigDetail | undefined {
    const stored = this.#objects.get(this.#key(reference));
    if (stored === undefined) return undefined;
    return {
      ...stored.reference,
      apiVersion: (stored.object as ObjectShape).apiVersion ?? '',
      resourceVersion: stored.resourceVersion,
      object: stored.object,
      yaml: stored.yaml,
      diagnostics: [],
      isEditable: true,
    };
  }

  validate(yaml: string, namespace = 'default'): ValidateAnswer {
    const { diagnostics, objects } = readDocuments(yaml, namespace);
    return {
      diagnostics,
      valid: diagnostics.length === 0,
      objects: objects.map(({ reference }) => reference),
    };
  }

  save(yaml: string, manager = 'lateen-dashboard'): ConfigDetail | undefined {
    const { objects } = readDocuments(yaml, 'default');
    const first = objects[0];
    if (first === undefined) return undefined;
    const key = this.#key(first.reference);
    const before = this.#objects.get(key)?.yaml ?? '';
    this.#version += 1;
    this.#objects.set(key, {
      reference: first.reference,
      yaml,
      object: first.object as Readonly<Record<string, unknown>>,
      resourceVersion: String(this.#version),
    });
    this.#record(first.reference, before, yaml, manager);
    return this.detail(first.reference);
  }

  remove(reference: ConfigReference): boolean {
    const key = this.#key(reference);
    const before = this.#objects.get(key)?.yaml;
    if (before === undefined) return false;
    this.#objects.delete(key);
    this.#record(reference, before, '', 'lateen-dashboard');
    return true;
  }

  #record(object: ConfigReference, before: string, after: string, manager: string): void {
    const change = after === '' ? 'deleted' : before === '' ? 'added' : 'modified';
    this.#history.unshift({
      id: this.#history.length + 1,
      timeMs: Date.now(),
      change,
      object,
      resourceVersion: String(this.#version),
      manager,
      before,
      after,
    });
  }

  history(): readonly HistoryEntry[] {
    return this.#history;
  }

  preview(yaml: string): PreviewAnswer {
    const answer = this.validate(yaml);
    const view = {
      match: 'prefix /',
      name: 'default',
      redirect: '',
      directResponse: '',
      timeoutMs: 0,
      retries: '2x connect-failure,refused-stream',
      fault: '',
      mirrors: [],
      virtualService: 'reviews.default',
    };
    const target = (subset: string, percent: number) => ({
      cluster: `outbound|9080|${subset}|reviews.default.svc.cluster.local`,
      host: 'reviews.default.svc.cluster.local',
      subset,
      port: 9080,
      percent,
    });
    return {
      valid: answer.valid,
      diagnostics: answer.diagnostics,
      changes: answer.valid
        ? [
            {
              resource: 'route',
              change: 'changed',
              name: 'reviews.default.svc.cluster.local:9080',
              proxies: ['default/productpage-v1', 'default/reviews-v1'],
              proxyCount: 2,
              before: [{ ...view, targets: [target('v1', 50), target('v2', 50)] }],
              after: [{ ...view, targets: [target('v1', 20), target('v2', 80)] }],
              fields: [],
            },
          ]
        : [],
      counts: { routes: answer.valid ? 1 : 0, clusters: 0, listeners: 0 },
      proxiesAffected: answer.valid ? 2 : 0,
      leftOut: 0,
    };
  }
}
