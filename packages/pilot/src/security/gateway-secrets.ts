import { createPrivateKey, X509Certificate } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import type { Secret } from '@lateen/api';
import { createResource, type Resource, typeUrls } from '@lateen/xds';
import {
  type Secret as SecretMessage,
  SecretSchema,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';

/** SDS names of Secrets: `kubernetes://NAME`, `kubernetes://NAMESPACE/NAME`, each also with `-cacert`. */
const scheme = 'kubernetes://';
const authoritySuffix = '-cacert';

/** Looks a Secret up. */
export type FindSecret = (namespace: string, name: string) => Secret | undefined;

type Bytes = Uint8Array<ArrayBuffer>;

/** The first of the keys there is. */
const bytesOf = ({ data = {} }: Secret, ...keys: readonly string[]): Bytes | undefined => {
  const text = keys.map((key) => data[key]).find((value) => value !== undefined && value !== '');
  return text === undefined ? undefined : new Uint8Array(Buffer.from(text, 'base64'));
};

const isPair = (chain: Bytes, key: Bytes): boolean => {
  try {
    return new X509Certificate(chain).checkPrivateKey(createPrivateKey(Buffer.from(key)));
  } catch {
    return false;
  }
};

const certificateMessage = (name: string, secret: Secret): SecretMessage | undefined => {
  const chain = bytesOf(secret, 'tls.crt', 'cert');
  const key = bytesOf(secret, 'tls.key', 'key');
  if (chain === undefined || key === undefined || !isPair(chain, key)) return undefined;
  const source = (value: Bytes) => ({ specifier: { case: 'inlineBytes' as const, value } });
  return create(SecretSchema, {
    name,
    type: {
      case: 'tlsCertificate',
      value: { certificateChain: source(chain), privateKey: source(key) },
    },
  });
};

const authorityMessage = (name: string, secret: Secret): SecretMessage | undefined => {
  const trusted = bytesOf(secret, 'cacert', 'ca.crt');
  const revoked = bytesOf(secret, 'crl', 'ca.crl');
  if (trusted === undefined) return undefined;
  return create(SecretSchema, {
    name,
    type: {
      case: 'validationContext',
      value: {
        trustedCa: { specifier: { case: 'inlineBytes', value: trusted } },
        ...(revoked !== undefined && {
          crl: { specifier: { case: 'inlineBytes' as const, value: revoked } },
        }),
      },
    },
  });
};

const buildOne = (name: string, namespace: string, find: FindSecret): SecretMessage | undefined => {
  const [first = '', second, ...more] = name.slice(scheme.length).split('/');
  const [place, own] = second === undefined ? [namespace, first] : [first, second];
  // A gateway has the Secrets of its own namespace, and those of no other.
  if (place !== namespace || more.length > 0) return undefined;
  if (!own.endsWith(authoritySuffix)) {
    const secret = find(namespace, own);
    return secret && certificateMessage(name, secret);
  }
  const secret = find(namespace, own) ?? find(namespace, own.slice(0, -authoritySuffix.length));
  return secret && authorityMessage(name, secret);
};

/** The resources for names asked by a proxy of the namespace; names that are nothing to it have none. */
export const buildGatewaySecrets = (
  names: readonly string[],
  namespace: string,
  find: FindSecret,
): readonly Resource[] =>
  names
    .filter((name) => name.startsWith(scheme))
    .map((name) => buildOne(name, namespace, find))
    .filter((message) => message !== undefined)
    .map((message) => createResource(typeUrls.secret, message.name, SecretSchema, message));
