/** A node of a compressed trie; `label` is the text between the parent and here. */
interface Node<T> {
  label: string;
  values: T[];
  children: Map<number, Node<T>> | undefined;
}

const newNode = <T>(label: string): Node<T> => ({ label, values: [], children: undefined });

const sharedLength = (label: string, text: string, from: number): number => {
  const limit = Math.min(label.length, text.length - from);
  let length = 0;
  while (length < limit && label.charCodeAt(length) === text.charCodeAt(from + length)) length++;
  return length;
};

/**
 * Prefixes with their values: finding all prefixes of a text takes time in the length of the text,
 * however many prefixes there are. Filled while a table is compiled, then only read.
 */
export class PrefixTree<T> {
  readonly #root: Node<T> = newNode('');

  /** The list of a prefix, created empty on first use. */
  at(prefix: string): T[] {
    let node = this.#root;
    let from = 0;
    while (from < prefix.length) {
      node.children ??= new Map();
      const child = node.children.get(prefix.charCodeAt(from));
      if (child === undefined) {
        const leaf = newNode<T>(prefix.slice(from));
        node.children.set(prefix.charCodeAt(from), leaf);
        return leaf.values;
      }
      const shared = sharedLength(child.label, prefix, from);
      node = shared === child.label.length ? child : this.#split(node, child, shared);
      from += shared;
    }
    return node.values;
  }

  /** Calls `visit` with the list of every prefix of the text, shortest first. */
  visit(text: string, visit: (values: readonly T[]) => void): void {
    let node: Node<T> | undefined = this.#root;
    let at = 0;
    while (node !== undefined) {
      if (node.values.length > 0) visit(node.values);
      node = node.children?.get(text.charCodeAt(at));
      if (node === undefined || !text.startsWith(node.label, at)) return;
      at += node.label.length;
    }
  }

  /** Puts a node between a parent and a child, at an inner point of the child's label. */
  #split(parent: Node<T>, child: Node<T>, length: number): Node<T> {
    const middle = newNode<T>(child.label.slice(0, length));
    parent.children?.set(child.label.charCodeAt(0), middle);
    child.label = child.label.slice(length);
    middle.children = new Map([[child.label.charCodeAt(0), child]]);
    return middle;
  }
}
