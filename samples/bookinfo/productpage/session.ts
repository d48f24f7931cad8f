/**
 * The session is a cookie with the user's name, unsigned: the sign-in takes any name with any password, so there is
 * nothing that a forged cookie could gain.
 */
const COOKIE = 'session';

/** Longest name taken, in characters. */
const MAX_USER_LENGTH = 64;

/** The user that a `Cookie` header names; undefined when signed out. */
export function userFromCookie(header: string | undefined): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name !== COOKIE || !value) continue;
    return cleanUser(Buffer.from(value, 'base64url').toString());
  }
  return undefined;
}

/** A name fit for a header: no control characters, trimmed, cut; undefined when nothing is left. */
export function cleanUser(name: string): string | undefined {
  const clean = name
    .replace(/\p{Cc}/gu, '')
    .slice(0, MAX_USER_LENGTH)
    .trim();
  return clean === '' ? undefined : clean;
}

/** The value of `end-user`: the name's UTF-8 bytes, as Node takes header values byte by byte. */
export function userHeaderValue(user: string): string {
  return Buffer.from(user).toString('latin1');
}

/** The `Set-Cookie` value that signs in, or out when there is no user. */
export function sessionCookie(user: string | undefined): string {
  const value = user === undefined ? '' : Buffer.from(user).toString('base64url');
  const end = user === undefined ? '; Max-Age=0' : '';
  return `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Lax${end}`;
}

/**
 * Where to go after signing in or out: back to the page of `referer`, by its path alone, so that no other site can
 * be reached through here.
 */
export function returnPath(referer: string | undefined): string {
  const url = referer === undefined ? null : URL.parse(referer);
  if (url === null) return '/productpage';
  return `/${url.pathname.replace(/^[/\\]+/, '')}${url.search}`;
}
