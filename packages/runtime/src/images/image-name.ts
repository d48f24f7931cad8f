/** A container image reference as Docker and containerd read it (distribution reference grammar). */
export interface ImageName {
  /** With its registry: `docker.io/library/nginx`. */
  readonly repository: string;
  /** Default `latest` when neither tag nor digest is given. */
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const validReference =
  /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::\d+)?(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;
const validTag = /^\w[\w.-]{0,127}$/;

const withRegistry = (path: string): string => {
  const slash = path.indexOf('/');
  const first = slash < 0 ? '' : path.slice(0, slash);
  if (first === 'localhost' || /[.:]/.test(first))
    return path.replace(/^index\.docker\.io\//, 'docker.io/');
  return slash < 0 ? `docker.io/library/${path}` : `docker.io/${path}`;
};

/** Undefined when the text is not a valid reference (`InvalidImageName` in Kubernetes). */
export const parseImageName = (text: string): ImageName | undefined => {
  const [named = '', digest] = text.split('@', 2);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const path = hasTag ? named.slice(0, colon) : named;
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  if (!validReference.test(path) || (tag !== undefined && !validTag.test(tag))) return undefined;
  return {
    repository: withRegistry(path),
    tag: tag ?? (digest === undefined ? 'latest' : undefined),
    digest,
  };
};

/** The full form Kubernetes shows in a container status. */
export const formatImageName = ({ repository, tag, digest }: ImageName): string =>
  `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
