import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createKeyPair } from './key-pair.ts';
import { decodePem, encodePem } from './pem.ts';
import { createSigningRequest, parseSigningRequest } from './signing-request.ts';

const workload = [{ kind: 'uri', value: 'spiffe://cluster.local/ns/default/sa/web' }] as const;

const openssl = (folder: string, ...args: string[]): string =>
  execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });

const folderOf = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-csr-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
};

test('OpenSSL verifies our requests, for both kinds of key', async (t) => {
  const folder = folderOf(t);
  for (const algorithm of ['ecdsa-p256', 'rsa-2048'] as const) {
    writeFileSync(
      join(folder, 'csr.pem'),
      createSigningRequest(await createKeyPair(algorithm), workload),
    );
    const text = openssl(folder, 'req', '-in', 'csr.pem', '-noout', '-verify', '-text');
    assert.match(text, /URI:spiffe:\/\/cluster.local\/ns\/default\/sa\/web/);
  }
});

test('the key of a request that OpenSSL made is read; weak keys and algorithms are refused', (t) => {
  const folder = folderOf(t);
  const request = (...args: string[]): string => {
    openssl(
      folder,
      ...['req', '-new', '-nodes', '-keyout', 'k.pem', '-out', 'c.pem', '-subj', '/CN=me', ...args],
    );
    return readFileSync(join(folder, 'c.pem'), 'utf8');
  };
  const rows: readonly [readonly string[], RegExp | undefined][] = [
    [['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], undefined],
    [['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-sha384'], undefined],
    [['-newkey', 'rsa:2048'], undefined],
    [['-newkey', 'rsa:1024'], /2048/],
    [['-newkey', 'rsa:2048', '-sha1'], /signature algorithm/],
    [['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], /curve/],
    [['-newkey', 'ed25519'], /type ed25519/],
  ];
  for (const [args, problem] of rows) {
    const { value, diagnostics } = parseSigningRequest(request(...args));
    if (problem === undefined) assert.ok(value?.publicKey, args.join(' '));
    else assert.match(diagnostics[0]?.message ?? '', problem, args.join(' '));
  }
});

test('a request for a key the sender does not have is refused', async () => {
  const pair = await createKeyPair('ecdsa-p256');
  const stolen = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const forged = createSigningRequest({ publicKey: stolen, privateKey: pair.privateKey }, workload);
  assert.match(
    parseSigningRequest(forged).diagnostics[0]?.message ?? '',
    /not signed with the key/,
  );
});

test('no cut, changed or padded request passes or throws', async () => {
  const good = createSigningRequest(await createKeyPair('ecdsa-p256'), workload);
  const [der = Buffer.alloc(0)] = decodePem(good, 'CERTIFICATE REQUEST');
  const refused = (bytes: Buffer): boolean =>
    parseSigningRequest(encodePem('CERTIFICATE REQUEST', bytes)).value === undefined;
  for (let length = 0; length < der.length; length++) assert.ok(refused(der.subarray(0, length)));
  for (let at = 0; at < der.length; at++) {
    const changed = Buffer.from(der);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    assert.ok(refused(changed), `byte ${at}`);
  }
  assert.ok(refused(Buffer.concat([der, Buffer.from([0])])));
  for (const text of ['', 'rubbish', good + good, good.replaceAll(' REQUEST', '')])
    assert.equal(parseSigningRequest(text).value, undefined);
});
