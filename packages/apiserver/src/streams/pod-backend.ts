import type { Duplex, Readable } from 'node:stream';

/** Which container of which pod. */
export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  /** Empty or absent: the only container, or the one the default-container annotation names. */
  readonly container?: string;
}

/** core/v1 PodLogOptions. */
export interface LogOptions {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly sinceSeconds?: number;
  readonly sinceTime?: string;
}

/** core/v1 PodExecOptions and PodAttachOptions. */
export interface ExecOptions {
  /** Empty for attach. */
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** A process with its streams, as exec and attach hand them to kubectl. */
export interface ExecSession {
  /** Bytes of the client; absent when stdin was not asked for. */
  readonly stdin: NodeJS.WritableStream | undefined;
  readonly stdout: Readable;
  /** Absent with a terminal, which has one output. */
  readonly stderr: Readable | undefined;
  /** Resolves with the exit code after the outputs have ended; 128 + n for signal n. */
  readonly exit: Promise<number>;
  resize(columns: number, rows: number): void;
  /** Ends the process: the client went away. */
  kill(): void;
}

/**
 * What the API server asks of whoever runs the pods (the kubelet's streaming API). Rejections are
 * `ApiError`s: NotFound for an unknown pod or container, BadRequest for one that is not running.
 */
export interface PodBackend {
  /** Plain log bytes, without the CRI prefix unless timestamps are asked for. */
  logs(ref: PodRef, options: LogOptions): Promise<Readable>;
  exec(ref: PodRef, options: ExecOptions): Promise<ExecSession>;
  attach(ref: PodRef, options: ExecOptions): Promise<ExecSession>;
  /** Opens a TCP connection to a port of the pod: port-forward and the pods/proxy subresource. */
  dial(ref: PodRef, port: number): Promise<Duplex>;
}
