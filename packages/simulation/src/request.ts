import type { Checked, Diagnostic } from '@lateen/base';
import type { RequestHead } from '@lateen/routing';

/** A request nobody sent. */
export interface SimulatedRequest {
  readonly method: string;
  /** `tcp`: bytes that are no HTTP. */
  readonly scheme: 'http' | 'https' | 'tcp';
  /** Whom the client connects to: name or address of the URL. */
  readonly host: string;
  /** Of the URL; default 80 and 443. */
  readonly port: number;
  /** Host of the URL, with the port where it is not the scheme's own. */
  readonly urlAuthority: string;
  /** The `Host` header: the URL's, unless a header says otherwise. */
  readonly authority: string;
  /** SNI of https requests; '' for others and for addresses. */
  readonly serverName: string;
  /** Path with query. */
  readonly path: string;
  /** By lower-case name; several lines joined with `,`. */
  readonly headers: ReadonlyMap<string, string>;
  /** Lines of those that have several, each alone. Absent: none has. */
  readonly repeated?: ReadonlyMap<string, readonly string[]>;
}

/** A request as people write it. */
export interface RequestText {
  readonly method: string;
  /** `http://reviews:9080/reviews/0`, `https://...`, or `tcp://db:5432`. */
  readonly url: string;
  /** Each `name: value`. */
  readonly headers: readonly string[];
}

const defaultPorts = { http: 80, https: 443, tcp: 0 } as const;

const urlParts =
  /^(?:(?<scheme>[a-z][a-z0-9+.-]*):\/\/)?(?<host>\[[0-9a-f:.]+\]|[^/?#:@\s]+)(?::(?<port>\d{1,5}))?(?<path>\/[^#\s]*|\?[^#\s]*)?(?:#\S*)?$/i;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const problem = (code: string, message: string): Checked<never> => ({
  value: undefined,
  diagnostics: [{ severity: 'error', code, message }],
});

const readHeaders = (lines: readonly string[], diagnostics: Diagnostic[]): Map<string, string> => {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    if (!token.test(name)) {
      const message = `"${line}" is not a header: write 'name: value'`;
      diagnostics.push({ severity: 'error', code: 'HeaderInvalid', message });
      continue;
    }
    const before = headers.get(name);
    const value = line.slice(colon + 1).trim();
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
};

/** Values of headers with more than one line (`name: value`), by lower-case name. */
export const repeatedHeaders = (
  lines: readonly string[],
): ReadonlyMap<string, readonly string[]> => {
  const pairs = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const byName = Map.groupBy(pairs, ([name]) => name);
  return new Map(
    [...byName]
      .filter(([, found]) => found.length > 1)
      .map(([name, found]) => [name, found.map(([, value]) => value)]),
  );
};

const isAddress = (host: string): boolean => /^\[|^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);

interface UrlParts {
  readonly scheme: SimulatedRequest['scheme'];
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

const isKnownScheme = (scheme: string): scheme is SimulatedRequest['scheme'] =>
  scheme === 'http' || scheme === 'https' || scheme === 'tcp';

const readUrl = (url: string): Checked<UrlParts> => {
  const groups = urlParts.exec(url)?.groups ?? {};
  const scheme = (groups['scheme'] ?? 'http').toLowerCase();
  const host = groups['host']?.toLowerCase();
  if (host === undefined || !isKnownScheme(scheme)) {
    const message = `"${url}" is not a URL: write one like http://reviews:9080/reviews/0`;
    return problem('UrlInvalid', message);
  }
  const port = Number(groups['port'] ?? defaultPorts[scheme]);
  if (port < 1 || port > 65_535) {
    return problem('UrlInvalid', `"${url}" needs a port from 1 to 65535`);
  }
  const rest = groups['path'] ?? '/';
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  return { value: { scheme, host, port, path }, diagnostics: [] };
};

/** Reads a request. A URL without a scheme is http. Errors: MethodInvalid, UrlInvalid, HeaderInvalid. */
export const parseRequest = ({ method, url, headers }: RequestText): Checked<SimulatedRequest> => {
  if (!token.test(method)) return problem('MethodInvalid', `"${method}" is not an HTTP method`);
  const { value: parts, diagnostics: urlProblems } = readUrl(url);
  if (parts === undefined) return { value: undefined, diagnostics: urlProblems };
  const diagnostics: Diagnostic[] = [];
  const fields = readHeaders(headers, diagnostics);
  if (diagnostics.length > 0) return { value: undefined, diagnostics };
  const { scheme, host, port } = parts;
  const urlAuthority = port === defaultPorts[scheme] ? host : `${host}:${port}`;
  const authority = fields.get('host') ?? urlAuthority;
  fields.delete('host');
  const serverName = scheme === 'https' && !isAddress(host) ? host : '';
  return {
    value: {
      ...{ method, ...parts, urlAuthority, authority, serverName, headers: fields },
      repeated: repeatedHeaders(headers),
    },
    diagnostics,
  };
};

/** What the engine sees of a request once the connection manager has looked at it. */
export const requestHead = (
  request: SimulatedRequest,
  path: string,
  headers: ReadonlyMap<string, string>,
): RequestHead => ({
  method: request.method,
  scheme: request.scheme === 'https' ? 'https' : 'http',
  authority: request.authority,
  path,
  header: (name) => headers.get(name),
});
