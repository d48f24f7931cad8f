import { metadataAt } from '@lateen/routing';

/** What filters wrote about a request, by namespace (their names). */
export class DynamicMetadata {
  readonly #namespaces = new Map<string, Readonly<Record<string, unknown>>>();

  read(namespace: string, path: readonly string[]): unknown {
    return metadataAt(this.#namespaces.get(namespace), path);
  }

  /** Joins values to those of a namespace; equal keys are replaced. */
  write(namespace: string, values: Readonly<Record<string, unknown>>): void {
    const before = this.#namespaces.get(namespace);
    this.#namespaces.set(namespace, before === undefined ? values : { ...before, ...values });
  }
}
