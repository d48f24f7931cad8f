import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';

const binary = process.env['KUBECTL'] ?? 'kubectl';

/** Why kubectl tests cannot run here, or false. */
export const kubectlMissing: string | false = ((): string | false => {
  try {
    execFileSync(binary, ['version', '--client'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'kubectl is not on the PATH (set KUBECTL to its location)';
  }
})();

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface KubectlOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Longest a command may take. */
const maxCommandMs = 120_000;

/** kubectl with one kubeconfig and one cache folder. */
export class Kubectl {
  readonly #env: NodeJS.ProcessEnv;

  constructor(kubeconfig: string, folder: string) {
    this.#env = { ...process.env, KUBECONFIG: kubeconfig, HOME: folder, KUBECACHEDIR: folder };
  }

  /** Never rejects on the exit code. */
  run(args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
    const { promise, resolve } = Promise.withResolvers<KubectlResult>();
    const env = { ...this.#env, ...options.env };
    const child = execFile(
      binary,
      [...args],
      { env, timeout: maxCommandMs, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
    return promise;
  }

  /** A command that runs until it is killed. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const all = { ...this.#env, ...env };
    return spawn(binary, [...args], { env: all, stdio: ['pipe', 'pipe', 'pipe'] });
  }
}
