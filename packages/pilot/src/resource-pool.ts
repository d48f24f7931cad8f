import type { Resource } from '@lateen/xds';

/**
 * Makes proxies share what is equal: most resources are the same for all of them, and one copy of a
 * message and its bytes serves every stream. Holds what was built in the last two pushes, and so is
 * bounded by what is built.
 */
export class ResourcePool {
  #current = new Map<string, Resource>();
  #previous: ReadonlyMap<string, Resource> = new Map();

  /** A new push begins: what the last but one built is let go unless it comes again. */
  rotate(): void {
    this.#previous = this.#current;
    this.#current = new Map();
  }

  /** The first of all equal resources. */
  share(resource: Resource): Resource {
    const key = `${resource.typeUrl}\n${resource.name}\n${resource.version}`;
    const known = this.#current.get(key);
    if (known !== undefined) return known;
    const shared = this.#previous.get(key) ?? resource;
    this.#current.set(key, shared);
    return shared;
  }
}
