import type { JwtProviderSettings } from '@lateen/routing';

/** Stands for a key set that the control plane would fetch: nothing here asks the network. */
const unfetched = '{"keys":[],"fetched":false}';

class UnfetchedKeySets extends Map<string, string> {
  override get(url: string): string {
    return super.get(url) ?? unfetched;
  }
}

/** Key sets by URL, none of them fetched. */
export const unfetchedKeySets = (): ReadonlyMap<string, string> => new UnfetchedKeySets();

/** Whether the keys of a provider are only known to a control plane that runs. */
export const isUnfetched = ({ jwks }: JwtProviderSettings): boolean => {
  if (jwks?.kind !== 'local' || jwks.data.kind !== 'inline') return false;
  const { bytes } = jwks.data;
  return bytes.length === unfetched.length && String.fromCharCode(...bytes) === unfetched;
};
