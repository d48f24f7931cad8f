import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { ApiError } from '../api-error.ts';
import type {
  ExecOptions,
  ExecSession,
  LogOptions,
  PodBackend,
  PodRef,
} from '../streams/pod-backend.ts';

/** A pod backend for tests: exec runs programs of this machine, ports are ports of 127.0.0.1. */
export class ProcessPods implements PodBackend {
  /** Log by pod name; a pod without one is not there. */
  readonly logLines: Map<string, readonly string[]> = new Map();
  /** Port of 127.0.0.1 by port of the pod. */
  readonly ports: Map<number, number> = new Map();
  /** Terminal sizes that clients sent. */
  readonly sizes: string[] = [];
  readonly logRequests: LogOptions[] = [];
  readonly #children = new Set<ChildProcess>();

  async logs(ref: PodRef, options: LogOptions): Promise<Readable> {
    this.logRequests.push(options);
    const lines = this.#linesOf(ref).slice(-(options.tailLines ?? Number.MAX_SAFE_INTEGER));
    const bytes = Readable.from(lines.map((line) => `${line}\n`));
    return bytes;
  }

  async exec(ref: PodRef, { command, stdin }: ExecOptions): Promise<ExecSession> {
    this.#linesOf(ref);
    const [program = '', ...args] = command;
    const child = spawn(program, args, { stdio: 'pipe' });
    if (!stdin) child.stdin.end();
    this.#children.add(child);
    const exit = once(child, 'close').then(([code]) => {
      this.#children.delete(child);
      return Number(code ?? 137);
    });
    return {
      stdin: stdin ? child.stdin : undefined,
      stdout: child.stdout,
      stderr: child.stderr,
      exit,
      resize: (columns, rows) => this.sizes.push(`${columns}x${rows}`),
      kill: () => child.kill('SIGKILL'),
    };
  }

  attach(ref: PodRef, options: ExecOptions): Promise<ExecSession> {
    return this.exec(ref, { ...options, command: ['sh', '-c', 'echo attached; cat'] });
  }

  async dial(ref: PodRef, port: number): Promise<Socket> {
    this.#linesOf(ref);
    const socket = connect({
      host: '127.0.0.1',
      port: this.ports.get(port) ?? 1,
      allowHalfOpen: true,
    });
    await once(socket, 'connect');
    return socket;
  }

  /** Processes still running. */
  get running(): number {
    return this.#children.size;
  }

  /** Resolves when no process is running. */
  async idle(): Promise<void> {
    await Promise.all([...this.#children].map((child) => once(child, 'close')));
  }

  #linesOf({ name }: PodRef): readonly string[] {
    const lines = this.logLines.get(name);
    if (lines === undefined) throw new ApiError('NotFound', `pods "${name}" not found`);
    return lines;
  }
}
