import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock } from '@lateen/base';

/** Looked at this often besides, for file systems that tell nothing and folders that come later. */
const pollMs = 2_000;

/** A file that others replace: its content now, and a call after each change. */
export class WatchedFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #content: string | undefined;
  #watcher: FSWatcher | undefined;
  #cancelPoll: () => void = () => undefined;

  constructor(path: string, clock: Clock, onChange: () => void) {
    this.#path = path;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#content = this.#read();
    this.#watch();
    this.#pollLater();
  }

  /** Undefined while there is no such file. */
  get content(): string | undefined {
    return this.#content;
  }

  close(): void {
    this.#watcher?.close();
    this.#cancelPoll();
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch {
      return undefined;
    }
  }

  /** The folder and not the file: kubelets replace files by renaming others over them. */
  #watch(): void {
    if (this.#watcher !== undefined) return;
    try {
      this.#watcher = watch(dirname(this.#path), { persistent: false }, (_event, name) => {
        if (name === null || name === basename(this.#path) || name.startsWith('..')) this.#look();
      });
      this.#watcher.on('error', () => {
        this.#watcher?.close();
        this.#watcher = undefined;
      });
    } catch {
      // The folder is not there yet: the next poll tries again.
    }
  }

  #pollLater(): void {
    this.#cancelPoll = this.#clock.schedule(pollMs, () => {
      this.#watch();
      this.#look();
      this.#pollLater();
    });
  }

  #look(): void {
    const content = this.#read();
    // A file that is gone for a moment is about to be replaced; what was read stays good.
    if (content === undefined || content === this.#content) return;
    this.#content = content;
    this.#onChange();
  }
}
