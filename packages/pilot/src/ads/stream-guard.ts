import type { SpiffeId } from '@lateen/identity';
import type { ProxyDescriptor } from '@lateen/translator';
import type { Resource } from '@lateen/xds';
import type { IncomingCall, Refusal } from '../security/caller.ts';

/** The outcome of asking whether a stream may be served; without identity it is a plaintext one. */
export type Admission =
  | { readonly identity: SpiffeId | undefined; readonly refusal?: undefined }
  | { readonly identity?: undefined; readonly refusal: Refusal };

/** Who may have what. Without a guard every node is believed, and there are no secrets. */
export interface StreamGuard {
  admit(call: IncomingCall, proxy: ProxyDescriptor): Promise<Admission>;
  /** SDS resources by name for this proxy; names it may not have are left out. */
  secrets(
    proxy: ProxyDescriptor,
    identity: SpiffeId | undefined,
    names: readonly string[],
  ): readonly Resource[];
}
