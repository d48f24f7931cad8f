import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** An Envoy starts in a quarter of a second; a busy machine may take longer. */
const startTimeoutMs = 30_000;
const pollMs = 10;
const stopTimeoutMs = 10_000;

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The Envoy of this machine: `$ENVOY`, else `envoy` on the PATH; undefined: there is none. */
export const envoyBinary = (): string | undefined => {
  const named = process.env['ENVOY'];
  if (named !== undefined && named !== '') return named;
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'envoy'))
    .find(isExecutable);
};

/** Why tests with an Envoy cannot run here, or false. */
export const envoyMissing: string | false =
  envoyBinary() === undefined ? 'there is no envoy on the PATH (set ENVOY to its location)' : false;

/** A running Envoy. */
export interface EnvoyProcess {
  readonly pid: number;
  /** Asks an admin page: its text. */
  admin(path: string, method?: 'GET' | 'POST'): Promise<string>;
  /** Resolves when it is gone and its files are written. */
  stop(): Promise<void>;
  /** All it wrote to standard error so far. */
  readonly log: string;
}

const ask = async (url: string, method: string): Promise<string> => {
  const call = http.request(url, { method, agent: false });
  call.end();
  const [response] = (await once(call, 'response')) as [http.IncomingMessage];
  return (await response.setEncoding('utf8').toArray()).join('');
};

const waitUntilGone = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await once(child, 'exit');
  clearTimeout(timer);
};

/** Waits for a condition of another process, which tells nobody when it is there. */
export const pollUntil = async <T>(
  what: string,
  probe: () => Promise<T | undefined>,
  detail: () => string = () => '',
): Promise<T> => {
  const deadlineMs = performance.now() + startTimeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > deadlineMs) throw new Error(`waited for ${what}\n${detail()}`);
    await new Promise((again) => setTimeout(again, pollMs));
  }
};

/** Starts an Envoy with a bootstrap (protobuf JSON), its admin pages on a free port of loopback. */
export const startEnvoy = async (bootstrap: object): Promise<EnvoyProcess> => {
  const binary = envoyBinary();
  if (binary === undefined) throw new Error('there is no envoy');
  const folder = mkdtempSync(join(tmpdir(), 'lateen-envoy-'));
  const addressFile = join(folder, 'admin');
  const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };
  writeFileSync(join(folder, 'bootstrap.json'), JSON.stringify({ admin, ...bootstrap }));
  const flags = ['--disable-hot-restart', '--concurrency', '1', '--log-level', 'warning'];
  const files = ['-c', join(folder, 'bootstrap.json'), '--admin-address-path', addressFile];
  const child = spawn(binary, [...flags, ...files], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await waitUntilGone(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const address = await pollUntil(
    'an Envoy to start',
    async () => {
      if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}:\n${log}`);
      try {
        return readFileSync(addressFile, 'utf8') || undefined;
      } catch {
        return undefined;
      }
    },
    () => log,
  );
  return {
    pid: child.pid ?? 0,
    get log() {
      return log;
    },
    admin: (path, method = 'GET') => ask(`http://${address}${path}`, method),
    stop,
  };
};
