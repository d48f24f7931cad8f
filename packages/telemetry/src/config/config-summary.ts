import type { KubeObject } from '@lateen/api';
import { type Diagnostic, hasErrors } from '@lateen/base';
import { asRecord, type JsonRecord, message, messages, text, texts } from '@lateen/xds/json-record';
import type { ConfigSummary, FindingCounts } from '../contract/config.ts';
import { referenceOf } from './object-text.ts';

const labelsText = (labels: JsonRecord): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',');

const selectorText = (spec: JsonRecord): string => {
  const labels = message(spec, 'selector', 'matchLabels');
  return Object.keys(labels).length === 0 ? 'all workloads' : labelsText(labels);
};

/** What an object is about, by kind; others: ''. */
const summaries: Readonly<Record<string, (spec: JsonRecord) => string>> = {
  VirtualService: (spec) => texts(spec, 'hosts').join(', '),
  DestinationRule: (spec) => {
    const subsets = messages(spec, 'subsets').map((subset) => text(subset, 'name'));
    return `${text(spec, 'host')}${subsets.length === 0 ? '' : ` (${subsets.join(', ')})`}`;
  },
  Gateway: (spec) =>
    [...new Set(messages(spec, 'servers').flatMap((server) => texts(server, 'hosts')))].join(', '),
  ServiceEntry: (spec) => texts(spec, 'hosts').join(', '),
  PeerAuthentication: (spec) =>
    `${text(message(spec, 'mtls'), 'mode') || 'UNSET'}, ${selectorText(spec)}`,
  AuthorizationPolicy: (spec) => `${text(spec, 'action') || 'ALLOW'}, ${selectorText(spec)}`,
  RequestAuthentication: selectorText,
  Telemetry: selectorText,
  Sidecar: (spec) => labelsText(message(spec, 'workloadSelector', 'labels')) || 'all workloads',
  Service: (spec) => labelsText(message(spec, 'selector')),
};

/** How many findings of each severity. */
export const countFindings = (diagnostics: readonly Diagnostic[]): FindingCounts => {
  const of = (severity: Diagnostic['severity']): number =>
    diagnostics.filter((one) => one.severity === severity).length;
  return { errors: of('error'), warnings: of('warning'), infos: of('info') };
};

/** A row of the list of objects. */
export const configSummary = (
  object: KubeObject,
  diagnostics: readonly Diagnostic[],
): ConfigSummary => ({
  ...referenceOf(object),
  apiVersion: object.apiVersion,
  resourceVersion: object.metadata.resourceVersion ?? '',
  createdAtMs: Date.parse(object.metadata.creationTimestamp ?? '') || 0,
  findings: countFindings(diagnostics),
  summary: summaries[object.kind]?.(asRecord(object.spec)) ?? '',
});

/** Whether the API server would take it: what analyzers find (`IST…`) is worth knowing, and no hindrance. */
export const isValid = (diagnostics: readonly Diagnostic[]): boolean =>
  !hasErrors(diagnostics.filter(({ code }) => !code.startsWith('IST')));
