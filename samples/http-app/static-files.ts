import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AppReply, AppRequest } from './server.ts';

/** A day: the addresses that `StaticFiles.href` gives change with the file. */
const CACHE_CONTROL = 'public, max-age=86400';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

interface StaticFile {
  readonly content: Buffer;
  readonly headers: Record<string, string>;
  readonly version: string;
}

/** A fixed set of files, read once and served with validators, so that a browser asks for each of them once. */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>;

  /**
   * @param folder where the files are
   * @param names the files to serve; nothing else in the folder can be reached
   * @throws when one of them cannot be read
   */
  constructor(folder: string, names: readonly string[]) {
    this.#files = new Map(names.map((name) => [name, load(join(folder, name))]));
  }

  /** The address of a file below the page's own folder; it changes when the file does. */
  href(name: string): string {
    const version = this.#files.get(name)?.version;
    return version === undefined ? `static/${name}` : `static/${name}?v=${version}`;
  }

  /** Answers a request of a route `/static/*`. */
  reply(request: AppRequest): AppReply {
    const file = this.#files.get(request.params['*'] ?? '');
    if (file === undefined) return { status: 404, body: 'Not Found\n' };
    const known = request.headers['if-none-match']?.split(/\s*,\s*/).includes(`"${file.version}"`);
    if (known) return { status: 304, headers: file.headers };
    return { status: 200, headers: file.headers, body: file.content };
  }
}

function load(path: string): StaticFile {
  const content = readFileSync(path);
  const { mtimeMs, size } = statSync(path);
  const version = `${Math.trunc(mtimeMs).toString(36)}-${size.toString(36)}`;
  const type = MEDIA_TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  const headers = {
    'content-type': type,
    etag: `"${version}"`,
    'cache-control': CACHE_CONTROL,
    'x-content-type-options': 'nosniff',
  };
  return { content, headers, version };
}
