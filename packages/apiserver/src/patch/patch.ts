import type { JsonSchema } from '@lateen/api';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { type PatchFailure, type PatchResult, patchFailure } from './patch-result.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

/** A parsed PATCH request. */
export interface PatchRequest {
  /** Media type without parameters. */
  readonly contentType: string;
  /** The parsed body. */
  readonly document: unknown;
  readonly live: unknown;
  /** Schema of the whole object with metadata; strategic merge reads merge keys from it. */
  readonly schema: JsonSchema;
}

/** What an HTTP answer needs of a failure. */
export interface PatchError extends PatchFailure {
  readonly code: number;
}

const codes: Readonly<Record<PatchFailure['reason'], number>> = {
  BadRequest: 400,
  UnsupportedMediaType: 415,
  Invalid: 422,
};

const mergeResult = (live: unknown, document: unknown): PatchResult => {
  try {
    return { value: applyMergePatch(live, document) };
  } catch (failure) {
    if (failure instanceof RangeError) {
      return patchFailure('BadRequest', 'the patch is nested too deeply');
    }
    throw failure;
  }
};

const applyDocument = ({ contentType, document, live, schema }: PatchRequest): PatchResult => {
  switch (contentType) {
    case 'application/json-patch+json':
      return applyJsonPatch(live, document);
    case 'application/merge-patch+json':
      return mergeResult(live, document);
    case 'application/strategic-merge-patch+json':
      return applyStrategicMergePatch(live, document, schema);
    default:
      return patchFailure(
        'UnsupportedMediaType',
        `the body of the request was in an unknown format - ${contentType} is no patch type`,
      );
  }
};

/** Applies a patch document of any type but server-side apply; `live` stays as it is. */
export const applyPatchDocument = (
  request: PatchRequest,
): { readonly value: unknown } | { readonly error: PatchError } => {
  const result = applyDocument(request);
  if (!('error' in result)) return result;
  return { error: { ...result.error, code: codes[result.error.reason] } };
};
