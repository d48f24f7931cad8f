import type { Diagnostic } from '@lateen/base';
import type { Analyzer } from '../analyzer.ts';
import type { ReadObject } from '../context/object-reader.ts';
import { type Finding, finding } from '../finding.ts';
import { schemaValidationError, schemaWarning } from '../message.ts';
import { diagnosticsOf } from '../validate-object.ts';
import { hasOwnMessage } from './own-message.ts';

/** The detail with its field in front, unless it names the field already. */
const detailOf = ({ path, message }: Diagnostic): string =>
  path === undefined || path === '' || message.includes(path) ? message : `${path}: ${message}`;

const toFinding = ({ named }: ReadObject, diagnostic: Diagnostic): Finding => {
  const detail = detailOf(diagnostic);
  const message =
    diagnostic.severity === 'error' ? schemaValidationError(detail) : schemaWarning(detail);
  return finding(named, message, diagnostic.path ?? '');
};

/** Kubernetes' own kinds were judged by the API server that has them; only those from files are looked at. */
const isJudged = ({ isIstio, source }: ReadObject): boolean =>
  isIstio || source.metadata.uid === undefined;

/** What admission would say of an object, apart from what another analyzer says better. */
const checkObject = (one: ReadObject): readonly Finding[] =>
  (isJudged(one) ? diagnosticsOf(one) : [])
    .filter((diagnostic) => !hasOwnMessage(one.named.kind, diagnostic))
    .map((diagnostic) => toFinding(one, diagnostic));

/** Every object fits its schema and its kind's rules. */
export const schemaValidation: Analyzer = {
  name: 'schema.ValidationAnalyzer',
  description: 'Runs schema validation as an analyzer on all resources',
  analyze: ({ read }) => read.flatMap(checkObject),
};
