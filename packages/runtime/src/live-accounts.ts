import type { KubeObject } from '@lateen/api';
import { serviceAccountUser, type UserInfo, type VerifyToken } from '@lateen/apiserver';
import type { ServiceAccountIdentity, TokenAuthority } from '@lateen/identity';

/** Looks an object of a core kind up: `pods`, `default`, `web-1`. */
export type FindObject = (
  plural: string,
  namespace: string,
  name: string,
) => KubeObject | undefined;

const isThere = (object: KubeObject | undefined, uid: string | undefined): boolean =>
  object !== undefined && (uid === undefined || object.metadata.uid === uid);

const isLive = ({ namespace, name, uid, pod }: ServiceAccountIdentity, find: FindObject): boolean =>
  isThere(find('serviceaccounts', namespace, name), uid) &&
  (pod === undefined || isThere(find('pods', namespace, pod.name), pod.uid));

const userOf = ({ namespace, name, uid, pod }: ServiceAccountIdentity): UserInfo => ({
  ...serviceAccountUser(namespace, name, uid),
  ...(pod !== undefined && {
    extra: {
      'authentication.kubernetes.io/pod-name': [pod.name],
      'authentication.kubernetes.io/pod-uid': [pod.uid],
    },
  }),
});

/** A token is good as long as its account is there, and its pod if it was made for one. */
export const liveAccountVerifier =
  (tokens: TokenAuthority, find: FindObject): VerifyToken =>
  async (token, audience) => {
    const account = await tokens.verify(token, audience);
    return account !== undefined && isLive(account, find) ? userOf(account) : undefined;
  };
