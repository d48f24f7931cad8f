/** Why a patch was not applied; `reason` is a meta/v1 StatusReason. */
export interface PatchFailure {
  readonly reason: 'BadRequest' | 'Invalid' | 'UnsupportedMediaType';
  readonly message: string;
}

/** The patched value (a new one: the live value is never changed) or why there is none. */
export type PatchResult = { readonly value: unknown } | { readonly error: PatchFailure };

/** A patch that cannot be applied, as a result. */
export const patchFailure = (
  reason: PatchFailure['reason'],
  message: string,
): { readonly error: PatchFailure } => ({ error: { reason, message } });
