import type { KubeObject } from '@lateen/api';
import { parseAllDocuments } from 'yaml';

/** Objects of a YAML stream; empty documents are none. */
export const objectsOf = (yaml: string): readonly KubeObject[] =>
  parseAllDocuments(yaml)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
