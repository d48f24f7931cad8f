/** Name of the ObjectMeta definition, shared by every document. */
export const objectMetaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

const packageOf = (group: string): string => {
  if (group === '') return 'io.k8s.api.core';
  if (group === 'apiextensions.k8s.io')
    return 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions';
  const [first = group, ...rest] = group.split('.');
  if (rest.length === 0 || group.endsWith('.k8s.io')) return `io.k8s.api.${first}`;
  return [first, ...rest].reverse().join('.');
};

/** Name of a kind's definition, as Kubernetes derives it from Go packages and from CRD groups. */
export const definitionName = (group: string, version: string, kind: string): string =>
  `${packageOf(group)}.${version}.${kind}`;
