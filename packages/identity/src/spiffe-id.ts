/** Identity of a workload: `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT`, Istio's form. */
export interface SpiffeId {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

const label = '[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?';
const pattern = new RegExp(`^spiffe://([A-Za-z0-9._-]+)/ns/(${label})/sa/(${label})$`);

/** Names of Kubernetes objects are all there may be, so no value can pretend to be another path. */
export const formatSpiffeId = ({ trustDomain, namespace, serviceAccount }: SpiffeId): string => {
  const text = `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
  if (!pattern.test(text)) throw new RangeError(`not an identity: ${text}`);
  return text;
};

/** Undefined for every other URI. */
export const parseSpiffeId = (uri: string): SpiffeId | undefined => {
  const [, trustDomain, namespace, serviceAccount] = pattern.exec(uri) ?? [];
  if (trustDomain === undefined || namespace === undefined || serviceAccount === undefined)
    return undefined;
  return { trustDomain, namespace, serviceAccount };
};
