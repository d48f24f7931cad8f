import { closeSync, constants, openSync } from 'node:fs';
import { PassThrough, type Readable, Writable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { RuntimeError } from '../runtime-error.ts';

/** Sets the window size of a terminal (asm-generic/ioctls.h; the same on x64 and arm64). */
const setWindowSizeRequest = 0x5414;
/** `/dev/pts/` and a number. */
const maxNameBytes = 64;

/** The four calls of the C library that Node has no API for. */
interface TerminalCalls {
  unlockpt(fd: number): number;
  ptsname_r(fd: number, name: Buffer, size: number): number;
  ioctl(fd: number, request: number, argument: Buffer): number;
}

let calls: Promise<TerminalCalls> | undefined;

const loadCalls = async (): Promise<TerminalCalls> => {
  const { default: koffi } = await import('koffi');
  const libc = koffi.load('libc.so.6');
  return {
    unlockpt: libc.func('int unlockpt(int)') as TerminalCalls['unlockpt'],
    ptsname_r: libc.func('int ptsname_r(int, _Out_ char*, size_t)') as TerminalCalls['ptsname_r'],
    ioctl: libc.func('int ioctl(int, ulong, void*)') as TerminalCalls['ioctl'],
  };
};

/** A terminal whose other end a process has as its controlling terminal. */
export interface PseudoTerminal {
  /** Device that the process opens. */
  readonly path: string;
  /** What is typed. */
  readonly input: Writable;
  /** What the processes show; ends when the last of them has closed the terminal. */
  readonly output: Readable;
  /** In characters; the process gets SIGWINCH. */
  resize(columns: number, rows: number): void;
  /** Hangs up: the foreground processes get SIGHUP. */
  close(): void;
}

/** The end of what is typed is not the end of the terminal: what runs may still have much to show. */
const inputOf = (terminal: ReadStream): Writable =>
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (terminal.destroyed) done();
      else terminal.write(chunk, () => done());
    },
  });

/** @throws RuntimeError `exec-failed` where there are no pseudo terminals. */
export const openPseudoTerminal = async (): Promise<PseudoTerminal> => {
  try {
    calls ??= loadCalls();
    const { unlockpt, ptsname_r, ioctl } = await calls;
    const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
    const name = Buffer.alloc(maxNameBytes);
    if (unlockpt(master) !== 0 || ptsname_r(master, name, maxNameBytes) !== 0) {
      closeSync(master);
      throw new Error('the terminal cannot be unlocked');
    }
    const stream = new ReadStream(master);
    const output = new PassThrough();
    stream.pipe(output, { end: false });
    // Linux answers EIO when the last process has closed its end: that is the end of the output.
    stream.on('error', () => stream.destroy());
    stream.on('close', () => output.end());
    return {
      path: name.toString('latin1', 0, name.indexOf(0)),
      input: inputOf(stream),
      output,
      resize: (columns, rows) => {
        if (stream.destroyed) return;
        const size = Buffer.alloc(8);
        size.writeUInt16LE(rows, 0);
        size.writeUInt16LE(columns, 2);
        ioctl(master, setWindowSizeRequest, size);
      },
      close: () => stream.destroy(),
    };
  } catch (cause) {
    throw new RuntimeError(
      'exec-failed',
      'no pseudo terminal can be opened; try without -t',
      cause,
    );
  }
};
