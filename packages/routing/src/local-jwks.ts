import { decodeUtf8 } from './base64.ts';
import { type Jwks, parseJwks } from './jwks.ts';
import type { JwtProviderSettings } from './jwt-settings.ts';

const none: Jwks = { keys: [] };

/**
 * The keys that a provider's settings themselves hold; undefined when they are elsewhere: in a file,
 * in the environment, or to be fetched.
 */
export const inlineJwks = ({ jwks }: JwtProviderSettings): Jwks | undefined => {
  if (jwks?.kind !== 'local' || jwks.data.kind !== 'inline') return undefined;
  return parseJwks(decodeUtf8(jwks.data.bytes) ?? '') ?? none;
};
