/** One configuration resource as it came, for `/config_dump` and `/clusters`. */
export interface ResourceRecord {
  readonly name: string;
  readonly version: string;
  readonly typeUrl: string;
  /** The serialized message. */
  readonly bytes: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly updatedMs: number;
  /** Given in the bootstrap. */
  readonly isStatic: boolean;
  /** The last version that was refused, with its reason. */
  readonly rejected?: {
    readonly version: string;
    readonly reason: string;
    readonly bytes: Uint8Array;
    readonly atMs: number;
  };
}

/** What was configured, by type and name. Bytes are decoded only when somebody asks. */
export class ResourceLog {
  readonly #types = new Map<string, Map<string, ResourceRecord>>();

  #of(typeUrl: string): Map<string, ResourceRecord> {
    let records = this.#types.get(typeUrl);
    if (records === undefined) {
      records = new Map();
      this.#types.set(typeUrl, records);
    }
    return records;
  }

  accepted(record: ResourceRecord): void {
    this.#of(record.typeUrl).set(record.name, record);
  }

  /** Notes a refusal beside what is in force, if anything is. */
  rejected(record: ResourceRecord, reason: string): void {
    const records = this.#of(record.typeUrl);
    const before = records.get(record.name);
    const { version, bytes, updatedMs: atMs } = record;
    const rejected = { version, reason, bytes, atMs };
    const base = before ?? { ...record, version: '', bytes: new Uint8Array() };
    records.set(record.name, { ...base, rejected });
  }

  /** Whether something of this name is, or was to be, in force. */
  has(typeUrl: string, name: string): boolean {
    return this.#types.get(typeUrl)?.has(name) === true;
  }

  removed(typeUrl: string, name: string): void {
    this.#of(typeUrl).delete(name);
  }

  records(typeUrl: string): readonly ResourceRecord[] {
    return [...this.#of(typeUrl).values()];
  }
}
