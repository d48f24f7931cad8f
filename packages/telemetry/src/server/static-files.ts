import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream';

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.map': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

/** Names of files are made by the bundler: letters, digits, `-`, `_`, `.`; so no path leads out. */
const safePath = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

const isFile = async (path: string): Promise<number | undefined> => {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
};

interface FoundFile {
  readonly path: string;
  readonly size: number;
  readonly isZipped: boolean;
}

const findFile = async (path: string, request: IncomingMessage): Promise<FoundFile | undefined> => {
  if (/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    const zipped = await isFile(`${path}.gz`);
    if (zipped !== undefined) return { path: `${path}.gz`, size: zipped, isZipped: true };
  }
  const size = await isFile(path);
  return size === undefined ? undefined : { path, size, isZipped: false };
};

/**
 * Serves the pages: files of a folder, and `index.html` for every other path without an extension (the pages
 * find their way by the path). False: there is no such file, nothing was sent.
 */
export const serveStatic = async (
  folder: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const wanted = pathname.slice(1);
  const isPage = wanted === '' || extname(wanted) === '';
  const name = isPage ? 'index.html' : wanted;
  if (!safePath.test(name)) return false;
  const file = await findFile(join(folder, name), request);
  if (file === undefined) return false;
  response.writeHead(200, {
    'content-type': mediaTypes[extname(name)] ?? 'application/octet-stream',
    'content-length': file.size,
    'cache-control': name.startsWith('assets/')
      ? 'public, max-age=31536000, immutable'
      : 'no-cache',
    vary: 'accept-encoding',
    ...(file.isZipped && { 'content-encoding': 'gzip' }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return true;
  }
  pipeline(createReadStream(file.path), response, () => undefined);
  return true;
};
