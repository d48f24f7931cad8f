/** A mesh of its own for a test file: real processes, real kubectl, a temporary state folder. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const kubectlBinary = process.env['KUBECTL'] ?? 'kubectl';

/** Why end-to-end tests cannot run here, or false. */
export const missing = ((): string | false => {
  try {
    execFileSync(kubectlBinary, ['version', '--client'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'kubectl is not on the PATH (set KUBECTL to its location)';
  }
})();

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly input?: string;
  readonly env?: Record<string, string>;
  /** Default: the repository's root. */
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** Runs a program; never rejects on its exit code. */
export const run = (
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> => {
  const { promise, resolve: done } = Promise.withResolvers<CommandResult>();
  const child = execFile(
    program,
    [...args],
    {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      timeout: options.timeoutMs ?? 60_000,
      maxBuffer: 64 * 1024 * 1024,
    },
    (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      done({ code, stdout, stderr });
    },
  );
  child.stdin?.end(options.input ?? '');
  return promise;
};

/** An HTTP answer with its body as text and the time it took. */
export interface Page {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly elapsedMs: number;
}

interface FetchOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export const fetchPage = (url: string, options: FetchOptions = {}): Promise<Page> => {
  const { promise, resolve: done, reject } = Promise.withResolvers<Page>();
  const startedMs = performance.now();
  const { method = 'GET', headers = {} } = options;
  const request = http.request(url, { method, headers, timeout: 30_000 }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () =>
      done({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        elapsedMs: performance.now() - startedMs,
      }),
    );
  });
  request.on('timeout', () => request.destroy(new Error(`no answer from ${url} in 30 s`)));
  request.on('error', reject);
  request.end(options.body);
  return promise;
};

/** The page when it answers with this status; a gateway without a listener yet resets connections. */
export const pageWithStatus = async (url: string, status: number): Promise<Page | undefined> => {
  const page = await fetchPage(url).catch(() => undefined);
  return page?.status === status ? page : undefined;
};

/** Calls `probe` until it returns a value; every wait has an end. */
export const until = async <T>(
  what: string,
  probe: () => Promise<T | undefined>,
  timeoutMs = 30_000,
): Promise<T> => {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > deadlineMs) assert.fail(`waited ${timeoutMs} ms for: ${what}`);
    await new Promise((again) => setTimeout(again, 50));
  }
};

export interface Mesh {
  readonly stateDir: string;
  /** `http://127.0.0.1:PORT` of the ingress gateway. */
  readonly gateway: string;
  /** `http://127.0.0.1:PORT` of the dashboard; '' without it. */
  readonly dashboard: string;
  /** Runs kubectl and demands success. `kubectl('get pods -n x')` splits on blanks. */
  kubectl(command: string, input?: string): Promise<string>;
  /** Runs kubectl and returns whatever came of it. */
  tryKubectl(args: readonly string[], input?: string): Promise<CommandResult>;
  lateen(...args: readonly string[]): Promise<CommandResult>;
  /** `istioctl` as the start card offers it: by name, from anywhere, with KUBECONFIG set. */
  istioctl(...args: readonly string[]): Promise<CommandResult>;
  /** A session cookie of a user signed in at productpage. */
  signIn(user: string): Promise<string>;
  down(): Promise<void>;
}

const launcher = join(root, 'bin/lateen.mjs');

export interface MeshOptions {
  /** Further flags of `lateen up`. */
  readonly flags?: readonly string[];
  readonly sample?: string;
  readonly stateDir?: string;
  /** With the dashboard beside it. Default false: most tests do not look. */
  readonly dashboard?: boolean;
}

export const startMesh = async (options: MeshOptions = {}): Promise<Mesh> => {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'lateen-e2e-'));
  const lateen = (...args: readonly string[]): Promise<CommandResult> =>
    run(process.execPath, [launcher, ...args, '--state-dir', stateDir], { timeoutMs: 120_000 });
  const sample = options.sample === undefined ? [] : ['--sample', options.sample];
  const eyes = options.dashboard === true ? [] : ['--no-dashboard'];
  const up = await lateen('up', '--detach', ...eyes, ...sample, ...(options.flags ?? []));
  assert.equal(up.code, 0, `lateen up failed:\n${up.stdout}\n${up.stderr}`);
  const status = await lateen('status', '-o', 'json');
  const { kubeconfig, gateway, dashboard } = JSON.parse(status.stdout) as {
    kubeconfig: string;
    gateway: { http: string };
    dashboard?: string;
  };
  const env = { KUBECONFIG: resolve(root, kubeconfig) };
  const tryKubectl = (args: readonly string[], input?: string): Promise<CommandResult> =>
    run(kubectlBinary, args, input === undefined ? { env } : { env, input });
  return {
    stateDir,
    gateway: gateway.http,
    dashboard: dashboard ?? '',
    tryKubectl,
    kubectl: async (command, input) => {
      const result = await tryKubectl(command.split(/\s+/), input);
      assert.equal(result.code, 0, `kubectl ${command}\n${result.stdout}${result.stderr}`);
      return result.stdout;
    },
    lateen,
    istioctl: (...args) => {
      const path = [join(root, 'bin'), dirname(process.execPath), process.env['PATH']].join(':');
      return run('istioctl', args, { env: { ...env, PATH: path }, cwd: tmpdir() });
    },
    signIn: async (user) => {
      const answer = await fetchPage(`${gateway.http}/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `username=${user}&passwd=${user}`,
      });
      const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0];
      assert.ok(cookie, `no session cookie after sign-in: ${answer.status} ${answer.body}`);
      return cookie;
    },
    down: async () => {
      const down = await lateen('down');
      if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
      assert.equal(down.code, 0, down.stderr);
    },
  };
};

/** Which stars a product page shows. */
export const starsOf = (body: string): 'none' | 'black' | 'red' =>
  /star-red/.test(body) ? 'red' : /star-black/.test(body) ? 'black' : 'none';
