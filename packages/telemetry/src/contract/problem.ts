import type { Diagnostic } from '@lateen/base';

/**
 * Body of every answer with a status of 400 and more. `code` is closed:
 * - `bad-request` 400: a parameter or the body cannot be read; `diagnostics` say which
 * - `unauthorized` 401: a token is needed, or the one sent is wrong
 * - `forbidden` 403: a cross-site request, a foreign Host header, or a read-only server
 * - `not-found` 404, `method-not-allowed` 405
 * - `conflict` 409: the object was changed in between; read it again
 * - `too-large` 413: the body is larger than the server takes
 * - `unsupported-media-type` 415: a body that is not `application/json`
 * - `invalid` 422: the object is refused; `diagnostics` say why, nothing was saved
 * - `unavailable` 503: the Kubernetes API, istiod or a proxy does not answer
 * - `internal` 500
 */
export interface Problem {
  readonly code:
    | 'bad-request'
    | 'unauthorized'
    | 'forbidden'
    | 'not-found'
    | 'method-not-allowed'
    | 'conflict'
    | 'too-large'
    | 'unsupported-media-type'
    | 'invalid'
    | 'unavailable'
    | 'internal';
  /** One sentence for people: the likely cause and the next step. */
  readonly message: string;
  readonly diagnostics: readonly Diagnostic[];
}
