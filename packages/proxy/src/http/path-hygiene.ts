import {
  type HttpConnectionManagerSettings,
  needsNormalization,
  normalizePath,
} from '@lateen/routing';
import type { LocalReply } from './exchange.ts';

/** The path a client is sent to instead. */
interface Detour {
  readonly location: string;
  readonly reply: LocalReply;
}

/** The path as routes see it, a redirect to it, or undefined: it is to be refused. */
export const cleanPath = (
  path: string,
  settings: HttpConnectionManagerSettings['path'],
): string | Detour | undefined => {
  if (path.includes('#')) return undefined;
  if (!needsNormalization(path, settings)) return path;
  const result = normalizePath(path, settings);
  if (result.action === 'reject') return undefined;
  if (result.action !== 'redirect') return result.path;
  const headers = [['location', result.path]] as const;
  return {
    location: result.path,
    reply: { status: 307, body: '', details: 'path_normalization_failed', headers },
  };
};
