import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { ApiError } from '../api-error.ts';

/** One durable change: the new text of an object, or its removal. */
export interface JournalEntry {
  readonly revision: number;
  readonly key: string;
  /** JSON of the object; undefined removes it. */
  readonly value: string | undefined;
}

/** A row as it was found at start. */
export interface StoredRow {
  readonly key: string;
  readonly revision: number;
  readonly value: string;
}

const layout = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS objects (
    key TEXT PRIMARY KEY, revision INTEGER NOT NULL, value TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS head (only INTEGER PRIMARY KEY CHECK (only = 1), revision INTEGER NOT NULL);
  INSERT OR IGNORE INTO head VALUES (1, 1);
`;

const openDatabase = (path: string): DatabaseSync => {
  try {
    const database = new DatabaseSync(path);
    database.exec(layout);
    return database;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const advice = 'restore the file, or move it away and begin with an empty cluster';
    throw new ApiError(
      'InternalError',
      `the store ${path} cannot be opened (${reason}): ${advice}`,
    );
  }
};

/**
 * The current objects on disk. Every batch is one SQLite transaction with `synchronous = FULL` in
 * WAL mode: when `write` returns, the batch survives a crash of the process or of the machine.
 */
export class Journal {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #setRevision: StatementSync;

  /** Opens or creates the file at `path`; its folder must exist. @throws ApiError InternalError that names it. */
  constructor(path: string) {
    this.#database = openDatabase(path);
    this.#put = this.#database.prepare(
      'INSERT INTO objects VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, value = excluded.value',
    );
    this.#remove = this.#database.prepare('DELETE FROM objects WHERE key = ?');
    this.#setRevision = this.#database.prepare('UPDATE head SET revision = ?');
  }

  /** The newest revision ever written. */
  revision(): number {
    const row = this.#database.prepare('SELECT revision FROM head').get();
    return Number(row?.['revision'] ?? 1);
  }

  rows(): readonly StoredRow[] {
    return this.#database
      .prepare('SELECT key, revision, value FROM objects ORDER BY key')
      .all()
      .map((row) => ({
        key: String(row['key']),
        revision: Number(row['revision']),
        value: String(row['value']),
      }));
  }

  /** Writes all or nothing. */
  write(entries: readonly JournalEntry[]): void {
    const last = entries.at(-1);
    if (last === undefined) return;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const { key, revision, value } of entries) {
        if (value === undefined) this.#remove.run(key);
        else this.#put.run(key, revision, value);
      }
      this.#setRevision.run(last.revision);
      this.#database.exec('COMMIT');
    } catch (error) {
      // A full disk has ended the transaction already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }
}
