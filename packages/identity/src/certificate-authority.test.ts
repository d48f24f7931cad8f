import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ManualClock } from '@lateen/base';
import { createCertificateAuthority, loadCertificateAuthority } from './certificate-authority.ts';

const clock = new ManualClock(Date.now());
const dayMs = 86_400_000;

const leafOf = (authority = createCertificateAuthority({ commonName: 'root' }, clock)) => {
  const pair = authority.issue({
    subject: { commonName: 'admin', organizations: ['system:masters', 'devs'] },
    altNames: [
      { kind: 'dns', value: 'kubernetes.default.svc' },
      { kind: 'ip', value: '127.0.0.1' },
      { kind: 'ip', value: '::1' },
      { kind: 'uri', value: 'spiffe://cluster.local/ns/default/sa/web' },
    ],
    lifetimeMs: dayMs,
  });
  return { authority, pair, leaf: new X509Certificate(pair.certificate) };
};

test('a leaf carries subject, alternative names and validity, and verifies against its root', () => {
  const { authority, leaf } = leafOf();
  const root = new X509Certificate(authority.certificate);
  assert.equal(root.ca, true);
  assert.equal(leaf.ca, false);
  assert.ok(leaf.checkIssued(root));
  assert.ok(leaf.verify(root.publicKey));
  assert.equal(leaf.subject, 'O=system:masters\nO=devs\nCN=admin');
  assert.equal(
    leaf.subjectAltName,
    'DNS:kubernetes.default.svc, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, URI:spiffe://cluster.local/ns/default/sa/web',
  );
  assert.ok(Math.abs(leaf.validToDate.getTime() - clock.nowMs() - dayMs) < 1000);
});

test('OpenSSL agrees', (t) => {
  const { authority, pair } = leafOf();
  const folder = mkdtempSync(join(tmpdir(), 'lateen-ca-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'ca.pem'), authority.certificate);
  writeFileSync(join(folder, 'leaf.pem'), pair.certificate);
  const run = (...args: string[]): string =>
    execFileSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  assert.match(run('verify', '-x509_strict', '-CAfile', 'ca.pem', 'leaf.pem'), /leaf.pem: OK/);
  assert.match(
    run('x509', '-in', 'leaf.pem', '-noout', '-ext', 'extendedKeyUsage,keyUsage'),
    /Digital Signature, Key Encipherment[\s\S]*TLS Web Server Authentication, TLS Web Client/,
  );
});

test('a loaded authority signs like the one it was saved from', () => {
  const { authority } = leafOf();
  const again = loadCertificateAuthority(authority, clock);
  const { leaf } = leafOf(again);
  assert.ok(leaf.verify(new X509Certificate(authority.certificate).publicKey));
});

test('refuses a key that belongs to another certificate', () => {
  const one = createCertificateAuthority({ commonName: 'one' }, clock);
  const two = createCertificateAuthority({ commonName: 'two' }, clock);
  const mixed = { certificate: one.certificate, key: two.key };
  assert.throws(() => loadCertificateAuthority(mixed, clock), /does not belong/);
});
