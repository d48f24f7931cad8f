import { type FileHandle, open } from 'node:fs/promises';
import { type ContainerLog, rotatedPath } from './container-log.ts';
import { type CriLine, parseCriLine } from './cri-line.ts';

/** Bytes read from a file at a time. */
const readBytes: number = 64 * 1024;

/** The part of core/v1 PodLogOptions that a reader acts on. */
export interface LogReadOptions {
  /** Goes on with what is written later, until the container ends. */
  readonly follow?: boolean;
  readonly tailLines?: number;
  /** Only records at or after this time, in milliseconds since the epoch. */
  readonly sinceMs?: number;
  /** Puts the time before each line. */
  readonly timestamps?: boolean;
  /** Ends the text after so many bytes. */
  readonly limitBytes?: number;
  readonly signal?: AbortSignal;
}

const openFile = async (path: string): Promise<FileHandle | undefined> => {
  try {
    return await open(path, 'r');
  } catch {
    return undefined;
  }
};

/** Complete lines from `handle` up to its present end; `rest` carries an unfinished one over. */
async function* readLines(handle: FileHandle, rest: { text: Buffer }): AsyncGenerator<string> {
  const buffer = Buffer.alloc(readBytes);
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, readBytes);
    if (bytesRead === 0) return;
    let data = Buffer.concat([rest.text, buffer.subarray(0, bytesRead)]);
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
      yield data.toString('utf8', 0, end);
      data = data.subarray(end + 1);
    }
    rest.text = data;
  }
}

async function* readFileLines(path: string): AsyncGenerator<string> {
  const handle = await openFile(path);
  if (handle === undefined) return;
  try {
    yield* readLines(handle, { text: Buffer.alloc(0) });
  } finally {
    await handle.close();
  }
}

/** Lines of one file of a live log until a newer file is begun, the log is closed, or the signal fires. */
async function* followFile(
  handle: FileHandle,
  log: ContainerLog,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  const { generation } = log;
  const rest = { text: Buffer.alloc(0) };
  while (signal?.aborted !== true) {
    // Asked before reading: what is written while we read wakes us at once.
    const last = log.closed || log.generation !== generation;
    const more = log.changed(signal);
    yield* readLines(handle, rest);
    if (last) return;
    await more;
  }
}

/** Lines of a live log from its beginning, through every new file, until it is closed. */
async function* followLines(log: ContainerLog, signal?: AbortSignal): AsyncGenerator<string> {
  for (let seen = -1; signal?.aborted !== true; ) {
    if (log.closed && log.generation === seen) return;
    const handle = await openFile(log.path);
    if (handle === undefined) {
      if (log.closed) return;
      await log.changed(signal);
      continue;
    }
    seen = log.generation;
    try {
      yield* followFile(handle, log, signal);
    } finally {
      await handle.close();
    }
  }
}

const textOf = (record: CriLine, timestamps: boolean): string =>
  `${timestamps ? `${record.time} ` : ''}${record.text}${record.partial ? '' : '\n'}`;

/** How many of the records present now are left out so that `tailLines` remain. */
const countSkipped = async (path: string, options: LogReadOptions): Promise<number> => {
  if (options.tailLines === undefined) return 0;
  let total = 0;
  for (const file of [rotatedPath(path), path])
    for await (const line of readFileLines(file)) if (isWanted(line, options)) total += 1;
  return Math.max(0, total - options.tailLines);
};

const isWanted = (line: string, { sinceMs }: LogReadOptions): boolean => {
  const record = parseCriLine(line);
  if (record === undefined) return false;
  return sinceMs === undefined || Date.parse(record.time) >= sinceMs;
};

async function* allLines(
  path: string,
  log: ContainerLog | undefined,
  options: LogReadOptions,
): AsyncGenerator<string> {
  yield* readFileLines(rotatedPath(path));
  if (options.follow === true && log !== undefined) yield* followLines(log, options.signal);
  else yield* readFileLines(path);
}

/**
 * Text of a container's log as `kubectl logs` shows it. `log` is the writer of a container that still
 * runs; without it, following ends with the file.
 */
export async function* readLog(
  path: string,
  log: ContainerLog | undefined,
  options: LogReadOptions = {},
): AsyncGenerator<string> {
  let skip = await countSkipped(path, options);
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  for await (const line of allLines(path, log, options)) {
    if (!isWanted(line, options)) continue;
    if (skip > 0) {
      skip -= 1;
      continue;
    }
    const record = parseCriLine(line);
    if (record === undefined) continue;
    const text = Buffer.from(textOf(record, options.timestamps === true));
    yield text.subarray(0, left).toString('utf8');
    left -= text.length;
    if (left <= 0) return;
  }
}
