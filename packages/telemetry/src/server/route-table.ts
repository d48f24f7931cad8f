import type { Answer } from './answer.ts';
import type { QueryReader } from './query-reader.ts';

/** A request that has passed the guard. */
export interface ApiRequest {
  readonly method: string;
  /** Decoded parts of the path, by the names in the pattern. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: QueryReader;
  /** The JSON body; undefined without one. */
  readonly body: unknown;
  /** Whether this client may change things. */
  readonly canWrite: boolean;
  /** Why not. */
  readonly readOnlyReason: string;
}

export type ApiHandler = (request: ApiRequest) => Answer | Promise<Answer>;

/** One path: `services/{namespace}/{name}` below `/api/v1/`. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** It changes something of the cluster. Default false. */
  readonly isWrite?: boolean;
  /** It takes long: one such request at a time. Default false. */
  readonly isHeavy?: boolean;
  readonly handle: ApiHandler;
}

/** A route found, or the methods that the path has. */
export type RouteMatch =
  | { readonly route: ApiRoute; readonly params: Readonly<Record<string, string>> }
  | { readonly route: undefined; readonly methods: readonly string[] };

const matchPath = (
  pattern: readonly string[],
  parts: readonly string[],
): Readonly<Record<string, string>> | undefined => {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [index, one] of pattern.entries()) {
    const part = parts[index] as string;
    if (one.startsWith('{')) params[one.slice(1, -1)] = part;
    else if (one !== part) return undefined;
  }
  return params;
};

const decodeParts = (path: string): readonly string[] | undefined => {
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
};

/** Finds routes by path, the first that fits. */
export class RouteTable {
  readonly #routes: readonly { readonly parts: readonly string[]; readonly route: ApiRoute }[];

  constructor(routes: readonly ApiRoute[]) {
    this.#routes = routes.map((route) => ({ parts: route.path.split('/'), route }));
  }

  /** `path` without the prefix. */
  match(method: string, path: string): RouteMatch {
    const parts = decodeParts(path);
    if (parts === undefined) return { route: undefined, methods: [] };
    const methods: string[] = [];
    for (const { parts: pattern, route } of this.#routes) {
      const params = matchPath(pattern, parts);
      if (params === undefined) continue;
      if (route.method === method) return { route, params };
      methods.push(route.method);
    }
    return { route: undefined, methods };
  }
}
