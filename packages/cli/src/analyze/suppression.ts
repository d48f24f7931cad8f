import type { Finding } from '@lateen/analysis';

/** `IST0103=Pod *.testing`: a code, and objects by kind and `name.namespace` with wildcards. */
export interface Suppression {
  readonly code: string;
  readonly matches: (finding: Finding) => boolean;
}

/** `Pod mypod.testing`, or `Namespace frod`: how istioctl names an object here. */
const nameOf = ({ subject: { kind }, object }: Finding): string => {
  const [, first = '', second] = object.split('/');
  return second === undefined ? `${kind} ${first}` : `${kind} ${second}.${first}`;
};

/** Undefined when it is not `<code>=<resource>`. */
export const parseSuppression = (text: string): Suppression | undefined => {
  const [code, resource, ...rest] = text.split('=');
  if (code === undefined || code === '' || resource === undefined || rest.length > 0)
    return undefined;
  const parts = resource.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('.*')}$`);
  return { code, matches: (finding) => finding.code === code && pattern.test(nameOf(finding)) };
};
