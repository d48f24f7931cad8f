import type { Destination, VirtualServiceSpec } from '@lateen/api';

/** A destination of a VirtualService with the path of the field that holds it. */
export interface PlacedDestination {
  readonly destination: Destination;
  readonly path: string;
}

const routesOf = (
  rules: readonly { readonly route?: readonly { readonly destination: Destination }[] }[],
  list: string,
): readonly PlacedDestination[] =>
  rules.flatMap(({ route = [] }, rule) =>
    route.map(({ destination }, index) => ({
      destination,
      path: `spec.${list}[${rule}].route[${index}].destination`,
    })),
  );

/** Where requests and connections go. */
export const routeDestinations = (spec: VirtualServiceSpec): readonly PlacedDestination[] => [
  ...routesOf(spec.tcp ?? [], 'tcp'),
  ...routesOf(spec.tls ?? [], 'tls'),
  ...routesOf(spec.http ?? [], 'http'),
];

/** Where copies of requests go. */
export const mirrorDestinations = (spec: VirtualServiceSpec): readonly PlacedDestination[] =>
  (spec.http ?? []).flatMap(({ mirror, mirrors = [] }, rule) => [
    ...(mirror === undefined ? [] : [{ destination: mirror, path: `spec.http[${rule}].mirror` }]),
    ...mirrors.map(({ destination }, index) => ({
      destination,
      path: `spec.http[${rule}].mirrors[${index}].destination`,
    })),
  ]);
