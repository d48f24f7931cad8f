import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { create } from '@bufbuild/protobuf';
import { createResource, type Resource, typeUrls } from '@lateen/xds';
import {
  type Secret,
  SecretSchema,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { WorkloadSecrets } from './workload-certificate.ts';

/** Istio's SDS names of an agent's own secrets. */
export const workloadName = 'default';
/** The SDS name of the mesh's roots. */
export const rootName = 'ROOTCA';
const systemRootName = 'file-root:system';
const fileRoot = 'file-root:';
const fileCertificate = 'file-cert:';

const inline = (text: string) => ({
  specifier: { case: 'inlineBytes' as const, value: new Uint8Array(Buffer.from(text)) },
});

const certificate = (name: string, chain: string, key: string): Secret =>
  create(SecretSchema, {
    name,
    type: {
      case: 'tlsCertificate',
      value: { certificateChain: inline(chain), privateKey: inline(key) },
    },
  });

const authority = (name: string, roots: string): Secret =>
  create(SecretSchema, {
    name,
    type: { case: 'validationContext', value: { trustedCa: inline(roots) } },
  });

/** Files named by DestinationRules and Gateways: `file-cert:CERTIFICATE~KEY`, `file-root:PATH`. */
const fromFiles = (name: string): Secret | undefined => {
  try {
    if (name.startsWith(fileRoot))
      return authority(name, readFileSync(name.slice(fileRoot.length), 'utf8'));
    const [chain = '', key = ''] = name.slice(fileCertificate.length).split('~');
    return certificate(name, readFileSync(chain, 'utf8'), readFileSync(key, 'utf8'));
  } catch {
    return undefined;
  }
};

const messageOf = (name: string, secrets: WorkloadSecrets): Secret | undefined => {
  if (name === workloadName) {
    const own = secrets.certificate;
    return own && certificate(name, own.chain, own.key);
  }
  if (name === rootName) return secrets.roots ? authority(name, secrets.roots) : undefined;
  if (name === systemRootName) return authority(name, rootCertificates.join('\n'));
  return name.startsWith(fileRoot) || name.startsWith(fileCertificate)
    ? fromFiles(name)
    : undefined;
};

/** Names whose secrets are files, which may change under the agent. */
export const isFileName = (name: string): boolean =>
  name !== systemRootName && (name.startsWith(fileRoot) || name.startsWith(fileCertificate));

/** The resources there are of these names. */
export const secretResources = (
  names: Iterable<string>,
  secrets: WorkloadSecrets,
): readonly Resource[] =>
  [...names]
    .map((name) => messageOf(name, secrets))
    .filter((message) => message !== undefined)
    .map((message) => createResource(typeUrls.secret, message.name, SecretSchema, message));
