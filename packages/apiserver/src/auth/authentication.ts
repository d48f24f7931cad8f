import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** authentication.k8s.io UserInfo. */
export interface UserInfo {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  /** `authentication.kubernetes.io/pod-name` and the like. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Recognises the caller of a request, or leaves it to the next. */
export interface Authenticator {
  authenticate(request: IncomingMessage): UserInfo | undefined | Promise<UserInfo | undefined>;
}

const asList = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

/** A client certificate that the server's client CA signed: user = CN, groups = O. */
export const clientCertificateAuthenticator: Authenticator = {
  authenticate: (request) => {
    const socket = request.socket as TLSSocket;
    if (socket.authorized !== true) return undefined;
    const subject = socket.getPeerCertificate().subject as
      | { CN?: string | string[]; O?: string | string[] }
      | undefined;
    const [username] = asList(subject?.CN);
    if (username === undefined) return undefined;
    return { username, groups: [...asList(subject?.O), 'system:authenticated'] };
  },
};

/**
 * Checks a bearer token for an audience (absent: the API server itself); undefined for one it does
 * not accept.
 */
export type VerifyToken = (token: string, audience?: string) => Promise<UserInfo | undefined>;

/** Who the token of `Authorization: Bearer` is of; a request without one is left to others. */
export const bearerTokenAuthenticator = (verify: VerifyToken): Authenticator => ({
  authenticate: (request) => {
    const token = /^Bearer +([\w\-.~+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    return token === undefined ? undefined : verify(token);
  },
});

/** Groups of a service account, as Kubernetes gives them. */
export const serviceAccountUser = (namespace: string, name: string, uid?: string): UserInfo => ({
  username: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  ...(uid !== undefined && { uid }),
});
