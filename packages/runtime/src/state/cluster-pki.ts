import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@lateen/base';
import {
  type CertificateAndKey,
  type CertificateAuthority,
  createCertificateAuthority,
  createTokenAuthority,
  createTokenKey,
  loadCertificateAuthority,
  type TokenAuthority,
} from '@lateen/identity';
import { stringify } from 'yaml';
import { RuntimeError } from '../runtime-error.ts';
import { writePrivateFile } from './json-file.ts';

/** Certificates are made anew at each start; a cluster may run this long without one. */
const leafLifetimeMs: number = 365 * 24 * 60 * 60 * 1_000;

/** Keys of a cluster, kept in its state folder. */
export interface ClusterPki {
  readonly authority: CertificateAuthority;
  readonly tokens: TokenAuthority;
}

/** The CA of a folder that is there; a new one is made at first. @throws RuntimeError `bad-state`. */
export const loadAuthority = (
  folder: string,
  commonName: string,
  clock: Clock,
): CertificateAuthority => {
  const paths = { certificate: join(folder, 'ca.crt'), key: join(folder, 'ca.key') };
  if (!existsSync(paths.certificate) || !existsSync(paths.key)) {
    const authority = createCertificateAuthority({ commonName }, clock);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writePrivateFile(paths.key, authority.key);
    writePrivateFile(paths.certificate, authority.certificate);
    return authority;
  }
  const pair = {
    certificate: readFileSync(paths.certificate, 'utf8'),
    key: readFileSync(paths.key, 'utf8'),
  };
  try {
    return loadCertificateAuthority(pair, clock);
  } catch (cause) {
    throw new RuntimeError(
      'bad-state',
      `cannot read the CA in ${folder}: remove the folder to get a new one`,
      cause,
    );
  }
};

/** Reads the keys of the cluster, or makes them at its first start. */
export const loadClusterPki = (folder: string, clock: Clock): ClusterPki => {
  const authority = loadAuthority(folder, 'lateen', clock);
  const tokenPath = join(folder, 'service-account.key');
  if (!existsSync(tokenPath)) writePrivateFile(tokenPath, createTokenKey());
  return { authority, tokens: createTokenAuthority(readFileSync(tokenPath, 'utf8'), clock) };
};

/** The API server's certificate, for the names and addresses it is called by. */
export const issueServerCertificate = (
  { authority }: ClusterPki,
  addresses: readonly string[],
): CertificateAndKey =>
  authority.issue({
    subject: { commonName: 'kube-apiserver' },
    altNames: [
      ...['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'].map(
        (value) => ({ kind: 'dns', value }) as const,
      ),
      { kind: 'dns', value: 'kubernetes.default.svc.cluster.local' },
      ...addresses.map((value) => ({ kind: 'ip', value }) as const),
    ],
    lifetimeMs: leafLifetimeMs,
  });

/** What a kubeconfig is about: `name` is that of its context, cluster and user. */
export interface KubeconfigTarget {
  readonly name: string;
  readonly server: string;
}

/** A kubeconfig with its own client certificate; user and groups are in it. */
export const clientKubeconfig = (
  { authority }: ClusterPki,
  { name, server }: KubeconfigTarget,
  user: { readonly commonName: string; readonly organizations: readonly string[] },
): string => {
  const { certificate, key } = authority.issue({ subject: user, lifetimeMs: leafLifetimeMs });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      {
        name,
        cluster: { server, 'certificate-authority-data': base64(authority.certificate) },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    users: [
      {
        name,
        user: {
          'client-certificate-data': base64(certificate),
          'client-key-data': base64(key),
        },
      },
    ],
  });
};
