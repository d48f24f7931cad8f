import { styleText } from 'node:util';
import type { Finding } from '@lateen/analysis';
import type { Severity, SourcePosition } from '@lateen/base';
import { stringify } from 'yaml';

/** A finding with its place, when its object came from a file. */
export interface PlacedFinding {
  readonly finding: Finding;
  readonly position: SourcePosition | undefined;
}

/** Formats of istioctl's analyze. */
export type MessageFormat = 'log' | 'json' | 'yaml';

const levels: Readonly<Record<Severity, string>> = {
  error: 'Error',
  warning: 'Warning',
  info: 'Info',
};

const documentation = 'https://istio.io/v1.30/docs/reference/config/analysis';

/** Where messages are explained. */
export const analysisUrl: string = documentation;

/** `VirtualService default/reviews`. */
const origin = ({ object }: Finding): string => object.replace('/', ' ');

const reference = (position: SourcePosition | undefined): string | undefined =>
  position && `${position.file}:${position.line}`;

const paint = (severity: Severity, color: boolean): string => {
  const text = levels[severity];
  if (!color || severity === 'info') return text;
  return severity === 'warning' ? styleText('yellow', text) : styleText(['bold', 'red'], text);
};

/** `Error [IST0101] (VirtualService default/reviews file.yaml:12) Referenced …`. */
const logLine = ({ finding, position }: PlacedFinding, color: boolean): string => {
  const place = reference(position);
  const about = place === undefined ? origin(finding) : `${origin(finding)} ${place}`;
  return `${paint(finding.severity, color)} [${finding.code}] (${about}) ${finding.message}`;
};

/** istioctl's fields in its order, and the field's path and place. */
const record = ({ finding, position }: PlacedFinding): object => ({
  code: finding.code,
  ...(finding.code.startsWith('IST') && {
    documentationUrl: `${documentation}/${finding.code.toLowerCase()}/?ref=istioctl-analyze`,
  }),
  level: levels[finding.severity],
  message: finding.message,
  origin: origin(finding),
  ...(position && { reference: reference(position) }),
  ...(finding.path !== undefined && finding.path !== '' && { field: finding.path }),
  ...(position && { line: position.line, column: position.column }),
});

/** Messages as istioctl prints them; ends with a line break. */
export const formatMessages = (
  messages: readonly PlacedFinding[],
  format: MessageFormat,
  color: boolean,
): string => {
  switch (format) {
    case 'json':
      return `${JSON.stringify(messages.map(record), undefined, '\t')}\n`;
    case 'yaml':
      return stringify(messages.map(record));
    case 'log':
      return messages.map((one) => `${logLine(one, color)}\n`).join('');
  }
};
