import { asRecord, type JsonRecord, message, text } from '@lateen/xds/json-record';

/** `reviews.default` of `/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews`. */
const nameIn = (path: string): string => {
  const match = /\/namespaces\/([^/]+)\/[^/]+\/([^/]+)$/.exec(path);
  return match === null ? '' : `${match[2]}.${match[1]}`;
};

/** `name.namespace` of Istio's object that made a cluster or a route; '' when none did. */
export const managedBy = (resource: JsonRecord): string => {
  // Keys of filter metadata are names, never written in another case.
  const filters = message(resource, 'metadata', 'filter_metadata');
  return nameIn(text(asRecord(filters['istio']), 'config'));
};
