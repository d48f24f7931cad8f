import type { Problem } from '@lateen/telemetry/contract';

/** Everything the dashboard asks begins with this, relative to the page: it may be served below any path. */
const base = 'api/v1/';

/** A request that did not succeed; `status` 0: nobody answered. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.message);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
  }
}

/** Whatever a request ended with, as an `ApiError`. */
export const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError(0, { code: 'internal', message: String(error), diagnostics: [] });

const tokenKey = 'lateen.token';

/** Token for servers off loopback; kept as long as the tab. */
export const accessToken = {
  read: (): string => sessionStorage.getItem(tokenKey) ?? '',
  write: (token: string): void => sessionStorage.setItem(tokenKey, token),
};

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'code' in value && 'message' in value;

const readProblem = async (response: Response): Promise<Problem> => {
  const fallback: Problem = {
    code: 'internal',
    message: `${response.status} ${response.statusText}`,
    diagnostics: [],
  };
  try {
    const body: unknown = await response.json();
    return isProblem(body) ? { ...body, diagnostics: body.diagnostics ?? [] } : fallback;
  } catch {
    return fallback;
  }
};

const send = async (path: string, init: RequestInit): Promise<Response> => {
  const token = accessToken.read();
  const headers = new Headers(init.headers);
  if (token !== '') headers.set('authorization', `Bearer ${token}`);
  try {
    return await fetch(base + path, { ...init, headers });
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new ApiError(0, { code: 'unavailable', message: 'unreachable', diagnostics: [] });
  }
};

const read = async <T>(response: Response): Promise<T> => {
  if (!response.ok) throw new ApiError(response.status, await readProblem(response));
  return (await response.json()) as T;
};

/** Asks for an answer of the contract. Throws `ApiError`, or the abort's reason. */
export const getJson = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  read<T>(await send(path, signal === undefined ? {} : { signal }));

/** Sends a body, or none, with the header that a foreign page cannot set. Throws `ApiError`. */
export const sendJson = async <T>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> =>
  read<T>(
    await send(path, {
      method,
      headers: {
        'x-lateen-request': '1',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }),
  );

/** A path with a query; undefined and empty values are left out, lists are repeated. */
export const withQuery = (
  path: string,
  query: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>,
): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue;
    if (typeof value === 'object') for (const one of value) search.append(name, one);
    else search.append(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
};
