import type { KubeObject } from '@lateen/api';
import type { Diagnostic, Severity } from '@lateen/base';
import type { Message } from './message.ts';

/** A diagnostic with the object it is about, as the caller gave it, so that its place in a file can be found. */
export interface Finding extends Diagnostic {
  /** `Kind/namespace/name`, or `Kind/name` for cluster-scoped kinds. */
  readonly object: string;
  readonly subject: KubeObject;
}

const severityOrder: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** istioctl's order: worst first, then by code, object and text. */
export const compareFindings = (a: Finding, b: Finding): number =>
  severityOrder[a.severity] - severityOrder[b.severity] ||
  compareText(a.code, b.code) ||
  compareText(a.object, b.object) ||
  compareText(a.message, b.message) ||
  compareText(a.path ?? '', b.path ?? '');

/** Whether a severity is as bad as a threshold, or worse. */
export const reaches = (severity: Severity, threshold: Severity): boolean =>
  severityOrder[severity] <= severityOrder[threshold];

/** `Kind/namespace/name`. */
export const objectName = ({ kind, metadata }: KubeObject): string =>
  metadata.namespace === undefined
    ? `${kind}/${metadata.name}`
    : `${kind}/${metadata.namespace}/${metadata.name}`;

/** `message` about a field of `object`. */
export const finding = (object: KubeObject, message: Message, path: string): Finding => ({
  ...message,
  path,
  object: objectName(object),
  subject: object,
});
