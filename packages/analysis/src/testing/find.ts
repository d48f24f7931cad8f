import { parseAllDocuments } from 'yaml';
import { analyzeObjects } from '../analyze.ts';
import type { AnalysisOptions } from '../context/analysis-context.ts';

/** A case of a table: what is analyzed, and the lines of `find` that must come out. */
export interface Case {
  readonly name: string;
  readonly yaml: string;
  readonly found: readonly string[];
}

/** Short names of API versions, so that tables stay readable. */
const versions: Readonly<Record<string, string>> = {
  AuthorizationPolicy: 'security.istio.io/v1',
  Deployment: 'apps/v1',
  EnvoyFilter: 'networking.istio.io/v1alpha3',
  Namespace: 'v1',
  Node: 'v1',
  PeerAuthentication: 'security.istio.io/v1',
  Pod: 'v1',
  RequestAuthentication: 'security.istio.io/v1',
  Secret: 'v1',
  Service: 'v1',
  Telemetry: 'telemetry.istio.io/v1',
  WasmPlugin: 'extensions.istio.io/v1alpha1',
};

/** Objects of documents; apiVersion is that of the kind unless given. */
export const objectsOf = (yaml: string): readonly unknown[] =>
  parseAllDocuments(yaml, { version: '1.1' })
    .map((document): unknown => document.toJS())
    .filter((value) => typeof value === 'object' && value !== null)
    .map((value) => {
      const { kind } = value as { readonly kind?: string };
      return { apiVersion: versions[kind ?? ''] ?? 'networking.istio.io/v1', ...value };
    });

/** Findings of the given codes: `IST0101 VirtualService/default/reviews spec.hosts[0]: Referenced …`. */
export const find = (
  yaml: string,
  codes: readonly string[],
  options: AnalysisOptions = {},
): readonly string[] =>
  analyzeObjects(objectsOf(yaml), options)
    .filter(({ code }) => codes.includes(code))
    .map(({ code, object, path, message }) => `${code} ${object} ${path}: ${message}`);
