import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { RuntimeError, reasonOf } from '../runtime-error.ts';
import { parseImageName } from './image-name.ts';
import type { Program } from './program.ts';

/** What an image is on this machine: the program a container of it runs. */
export interface LocalImage {
  /** As the catalog writes it, for messages. */
  readonly name: string;
  /** Program and its arguments; `node` is the Node that runs Lateen. Replaced by a container's `command`. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where the program starts unless the container says otherwise. */
  readonly workingDir: string;
  /** Set for the images built into Lateen; a container's `args` are then the program's own matter. */
  readonly program?: Program;
}

/** What a catalog file holds, in the order given. */
interface CatalogEntry {
  readonly image: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const isTextRecord = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((entry) => typeof entry === 'string');

const readEntry = (value: unknown, where: string): CatalogEntry => {
  const entry = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const { image, command, env } = entry;
  const bad = (problem: string): RuntimeError =>
    new RuntimeError('bad-image-catalog', `${where}: ${problem}`);
  if (typeof image !== 'string') throw bad('"image" must be a text');
  if (
    !Array.isArray(command) ||
    command.length === 0 ||
    !command.every((w) => typeof w === 'string')
  )
    throw bad('"command" must be a list of texts with the program first');
  if (env !== undefined && !isTextRecord(env)) throw bad('"env" must map names to texts');
  return { image, command, ...(env !== undefined && { env }) };
};

/**
 * A word of a command is a file of the catalog's folder when one of that name is there: so that
 * `bookinfo/reviews/main.ts` works from any working folder, and `--flag` stays what it is.
 */
const resolveWord = (word: string, folder: string): string => {
  if (word.startsWith('-') || !/[./]/.test(word)) return word;
  const path = resolve(folder, word);
  return existsSync(path) ? path : word;
};

/**
 * Reads a catalog file (format in ARCHITECTURE.md, "Image catalog").
 * @throws RuntimeError `bad-image-catalog` naming the file and the entry.
 */
export const readImageCatalog = (path: string): readonly LocalImage[] => {
  let entries: unknown;
  try {
    entries = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const message = `cannot read image catalog ${path}: ${reasonOf(cause)}`;
    throw new RuntimeError('bad-image-catalog', message, cause);
  }
  if (!Array.isArray(entries))
    throw new RuntimeError('bad-image-catalog', `${path}: must be a list of images`);
  const folder = dirname(resolve(path));
  return entries.map((value: unknown, index) => {
    const entry = readEntry(value, `${path}: entry ${index}`);
    const [program = '', ...args] = entry.command;
    return {
      name: entry.image,
      command: [
        program === 'node' ? process.execPath : resolveWord(program, folder),
        ...args.map((word) => resolveWord(word, folder)),
      ],
      env: entry.env ?? {},
      workingDir: folder,
    };
  });
};

/** Finds the local image of a reference; later catalogs override earlier ones. */
export class ImageCatalog {
  readonly #byRepository = new Map<string, LocalImage>();
  readonly #byTag = new Map<string, LocalImage>();

  constructor(...catalogs: readonly (readonly LocalImage[])[]) {
    for (const image of catalogs.flat()) this.#add(image);
  }

  #add(image: LocalImage): void {
    const name = parseImageName(image.name);
    if (name === undefined)
      throw new RuntimeError('bad-image-catalog', `not an image name: "${image.name}"`);
    const tagged = image.name.lastIndexOf(':') > image.name.lastIndexOf('/');
    if (tagged) this.#byTag.set(`${name.repository}:${name.tag}`, image);
    else this.#byRepository.set(name.repository, image);
  }

  /** An entry with a tag wins over one without; digests are not looked at. */
  find(reference: string): LocalImage | undefined {
    const name = parseImageName(reference);
    if (name === undefined) return undefined;
    return (
      this.#byTag.get(`${name.repository}:${name.tag}`) ?? this.#byRepository.get(name.repository)
    );
  }

  /** Repositories known, for messages. */
  names(): readonly string[] {
    return [...this.#byRepository.keys(), ...this.#byTag.keys()].sort();
  }
}
