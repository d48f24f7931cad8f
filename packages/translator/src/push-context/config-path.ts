const kebab = (kind: string): string =>
  kind.replace(/[a-z0-9][A-Z]/g, ([lower, upper]) => `${lower}-${upper}`).toLowerCase();

/**
 * Where an object came from, as Istio writes it into the metadata of clusters and routes:
 * `/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews`.
 */
export const configPath = ({
  kind,
  name,
  namespace,
}: {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}): string => `/apis/networking.istio.io/v1/namespaces/${namespace}/${kebab(kind)}/${name}`;
