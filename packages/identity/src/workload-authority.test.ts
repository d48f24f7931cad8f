import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ManualClock } from '@lateen/base';
import { createCertificateAuthority } from './certificate-authority.ts';
import { certificateUris } from './certificate-fields.ts';
import { createKeyPair } from './key-pair.ts';
import { type AuthorityFiles, readSigningMaterial } from './signing-material.ts';
import { formatSpiffeId, parseSpiffeId } from './spiffe-id.ts';
import { createWorkloadAuthority } from './workload-authority.ts';

const clock = new ManualClock(Date.now());
const dayMs = 86_400_000;
const root = createCertificateAuthority(
  { commonName: 'Root', organizations: ['Acme, Inc.'] },
  clock,
);
const middle = root.createIntermediate({
  subject: { commonName: 'Middle' },
  lifetimeMs: 300 * dayMs,
  pathLength: 1,
});
const signing = middle.createIntermediate({
  subject: { commonName: 'Mesh' },
  lifetimeMs: 30 * dayMs,
});

const plugged: AuthorityFiles = {
  'ca-cert.pem': signing.certificate,
  'ca-key.pem': signing.key,
  'cert-chain.pem': signing.certificate + middle.certificate + root.certificate,
  'root-cert.pem': root.certificate,
};
const web = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'web' };

const authorityOf = (files: AuthorityFiles) => {
  const { value, diagnostics } = readSigningMaterial(files, clock.nowMs());
  if (value === undefined) throw new Error(diagnostics[0]?.message);
  return createWorkloadAuthority(value, clock);
};

/** Runs `openssl verify` as a strict client would. */
const opensslVerify = (chain: readonly string[], roots: readonly string[]): string => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-wa-'));
  try {
    writeFileSync(join(folder, 'roots.pem'), roots.join(''));
    writeFileSync(join(folder, 'leaf.pem'), chain[0] ?? '');
    writeFileSync(join(folder, 'chain.pem'), chain.slice(1).join(''));
    const untrusted = chain.length > 1 ? ['-untrusted', 'chain.pem'] : [];
    const args = ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', 'roots.pem'];
    return execFileSync('openssl', [...args, ...untrusted, 'leaf.pem'], {
      cwd: folder,
      encoding: 'utf8',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
};

test('OpenSSL verifies leaves of self-signed and plugged-in authorities, for both kinds of key', async () => {
  const selfSigned = { 'ca-cert.pem': root.certificate, 'ca-key.pem': root.key };
  const rsa = createCertificateAuthority({ organizations: ['cluster.local'] }, clock, 'rsa-2048');
  const rsaFiles = { 'ca-cert.pem': rsa.certificate, 'ca-key.pem': rsa.key };
  for (const files of [selfSigned, plugged, rsaFiles])
    for (const algorithm of ['ecdsa-p256', 'rsa-2048'] as const) {
      const authority = authorityOf(files);
      const { publicKey } = await createKeyPair(algorithm);
      const chain = authority.signWorkload(publicKey, web);
      assert.match(opensslVerify(chain, authority.roots), /leaf.pem: OK/);
      assert.deepEqual(certificateUris(chain[0] ?? ''), [
        'spiffe://cluster.local/ns/default/sa/web',
      ]);
    }
});

test('a leaf lives at most a day and no longer than its authority; serials differ', async () => {
  const { publicKey } = await createKeyPair('ecdsa-p256');
  const brief = root.createIntermediate({ subject: { commonName: 'Brief' }, lifetimeMs: 1000 });
  const briefFiles = {
    'ca-cert.pem': brief.certificate,
    'ca-key.pem': brief.key,
    'root-cert.pem': root.certificate,
  };
  const rows = [
    [plugged, undefined, dayMs],
    [plugged, 7 * dayMs, dayMs],
    [plugged, 10_000, 10_000],
    [briefFiles, undefined, 1000],
  ] as const;
  const serials = new Set<string>();
  for (const [files, asked, lifetimeMs] of rows) {
    const [pem = ''] = authorityOf(files).signWorkload(publicKey, web, asked);
    const leaf = new X509Certificate(pem);
    assert.ok(Math.abs(leaf.validToDate.getTime() - clock.nowMs() - lifetimeMs) <= 1000);
    assert.equal(leaf.ca, false);
    serials.add(leaf.serialNumber);
  }
  assert.equal(serials.size, rows.length);
});

test('broken authorities are refused with the file that is wrong', () => {
  const other = createCertificateAuthority({ commonName: 'Other' }, clock);
  const leaf = root.issue({ subject: { commonName: 'leaf' }, lifetimeMs: dayMs });
  const rows: readonly [AuthorityFiles, string, RegExp][] = [
    [{}, 'ca-cert.pem', /not a certificate/],
    [{ ...plugged, 'ca-key.pem': other.key }, 'ca-key.pem', /does not belong/],
    [{ ...plugged, 'ca-key.pem': 'secret words' }, 'ca-key.pem', /not a private key/],
    [{ ...plugged, 'root-cert.pem': other.certificate }, 'cert-chain.pem', /does not lead/],
    [{ ...plugged, 'cert-chain.pem': signing.certificate }, 'cert-chain.pem', /does not lead/],
    [{ ...plugged, 'root-cert.pem': 'none' }, 'root-cert.pem', /no certificate/],
    [{ 'ca-cert.pem': leaf.certificate, 'ca-key.pem': leaf.key }, 'ca-cert.pem', /CA:FALSE/],
  ];
  for (const [files, file, message] of rows) {
    const { value, diagnostics } = readSigningMaterial(files, clock.nowMs());
    assert.equal(value, undefined);
    assert.equal(diagnostics[0]?.path, `data["${file}"]`);
    assert.match(diagnostics[0]?.message ?? '', message);
    assert.doesNotMatch(JSON.stringify(diagnostics), /secret words|PRIVATE/);
  }
  const late = readSigningMaterial(plugged, clock.nowMs() + 31 * dayMs);
  assert.match(late.diagnostics[0]?.message ?? '', /expired/);
});

test('identities cannot be bent into others', () => {
  assert.deepEqual(parseSpiffeId(formatSpiffeId(web)), web);
  for (const bent of ['web/ns/kube-system/sa/admin', '', 'a b', 'a%2fb', '../x', 'a?b', 'WEB'])
    assert.throws(() => formatSpiffeId({ ...web, serviceAccount: bent }), RangeError);
  for (const uri of [
    'spiffe://a/ns/b',
    'spiffe://a/ns/b/sa/c/d',
    'https://a/ns/b/sa/c',
    'spiffe://a/ns/b/sa/c?x',
    '',
  ])
    assert.equal(parseSpiffeId(uri), undefined);
});
