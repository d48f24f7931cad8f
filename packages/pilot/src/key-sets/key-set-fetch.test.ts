import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test';
import { createCertificateAuthority, createKeyPair, privateKeyPem } from '@lateen/identity';
import { systemClock } from '@lateen/kube';
import type { KeySetLocation } from '@lateen/translator';
import { PilotError } from '../pilot-error.ts';
import { readBlockedAddresses } from './blocked-addresses.ts';
import { createKeySetFetch, type KeySetFetchOptions, shownUrl } from './key-set-fetch.ts';

const keySet = '{"keys":[{"kty":"RSA","kid":"one"},{"kty":"EC"}]}';
const never = new AbortController().signal;

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

const redirectTo =
  (location: string, status = 302): Answer =>
  (_request, response) => {
    response.writeHead(status, { location });
    response.end();
  };

const text =
  (body: string, status = 200): Answer =>
  (_request, response) => {
    response.writeHead(status);
    response.end(body);
  };

const listen = async (server: http.Server | https.Server): Promise<number> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return (server.address() as AddressInfo).port;
};

describe('createKeySetFetch', () => {
  let answers: Record<string, Answer>;
  let asked: http.IncomingMessage[];
  let server: http.Server;
  let origin: string;

  const answer: Answer = (request, response) => {
    asked.push(request);
    const path = (request.url ?? '').replace(/\?.*/, '');
    (answers[path] ?? text('no such page', 404))(request, response);
  };

  beforeEach(async () => {
    answers = { '/keys': text(keySet) };
    asked = [];
    server = http.createServer(answer);
    origin = `http://127.0.0.1:${await listen(server)}`;
  });

  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  const locationOf = (url: string, more: Partial<KeySetLocation> = {}): KeySetLocation => ({
    url,
    kind: 'key-set',
    timeoutMs: 60_000,
    ...more,
  });

  const get = (url: string, options: KeySetFetchOptions = {}, more: Partial<KeySetLocation> = {}) =>
    createKeySetFetch(options)(locationOf(url, more), never);

  const refusal = async (fetching: Promise<unknown>): Promise<string> => {
    const error = await fetching.then(
      () => assert.fail('fetched'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof PilotError);
    assert.equal(error.code, 'key-set-unavailable');
    return error.message;
  };

  it('takes the set as it comes, with the ids of its keys', async () => {
    assert.deepEqual(await get(`${origin}/keys`), {
      text: keySet,
      url: `${origin}/keys`,
      keyIds: ['one', ''],
    });
  });

  it('goes on from a discovery document', async () => {
    const path = '/.well-known/openid-configuration';
    answers[path] = text(JSON.stringify({ jwks_uri: `${origin}/keys` }));
    const found = await get(origin + path, {}, { kind: 'discovery' });
    assert.equal(found.url, `${origin}/keys`);
    answers[path] = text('{}');
    const message = await refusal(get(origin + path, {}, { kind: 'discovery' }));
    assert.match(message, /no jwks_uri/);
  });

  it('says nothing of itself, whatever the URL has in it', async () => {
    await get(`${origin.replace('//', '//user:secret@')}/keys?a=b`);
    const { headers, url } = asked[0] ?? assert.fail();
    assert.equal(url, '/keys?a=b');
    assert.deepEqual(Object.keys(headers).sort(), ['accept', 'connection', 'host', 'user-agent']);
    assert.equal(shownUrl('https://user:secret@x.com/keys?token=secret'), 'https://x.com/keys');
  });

  it('follows five redirects and no more', async () => {
    for (const step of [1, 2, 3, 4, 5, 6])
      answers[`/hop${step}`] = redirectTo(step === 1 ? '/keys' : `/hop${step - 1}`, 307);
    assert.equal((await get(`${origin}/hop5`)).text, keySet);
    assert.match(await refusal(get(`${origin}/hop6`)), /more than 5 redirects/);
  });

  const refused: readonly (readonly [string, Answer, RegExp])[] = [
    ['another status', text(keySet, 403), /status 403/],
    ['a page that is no JSON', text('<html>Sign in</html>'), /no JSON Web Key Set/],
    ['JSON without keys', text('{"keys":"none"}'), /no JSON Web Key Set/],
    ['more than a MiB', text(`{"keys":[],"x":"${'x'.repeat(1024 * 1024)}"}`), /longer than/],
    ['a redirect to a file', redirectTo('file:///etc/passwd'), /file: is not fetched/],
    ['a connection that breaks', (request) => request.socket.destroy(), /hang up|ECONNRESET/],
  ];
  for (const [name, reply, pattern] of refused) {
    it(`refuses ${name}`, async () => {
      answers['/bad'] = reply;
      assert.match(await refusal(get(`${origin}/bad`)), pattern);
    });
  }

  it('refuses what is no HTTP URL', async () => {
    assert.match(await refusal(get('ftp://127.0.0.1/keys')), /ftp: is not fetched/);
    assert.match(await refusal(get('keys')), /invalid/);
    assert.deepEqual(asked, []);
  });

  it('waits no longer than the policy says, for all of it together', async () => {
    answers['/slow'] = (_request, response) => response.write('{"keys":[');
    const message = await refusal(get(`${origin}/slow`, {}, { timeoutMs: 50 }));
    assert.match(message, /no answer in 50 ms/);
  });

  it('checks certificates, and does not leave HTTPS by a redirect', async (t: TestContext) => {
    const authority = createCertificateAuthority({ commonName: 'root' }, systemClock);
    const keys = await createKeyPair('ecdsa-p256');
    const cert = authority.sign(keys.publicKey, {
      subject: { commonName: 'localhost' },
      altNames: [{ kind: 'dns', value: 'localhost' }],
      lifetimeMs: 60_000,
    });
    const secure = https.createServer({ cert, key: privateKeyPem(keys.privateKey) }, answer);
    const base = `https://localhost:${await listen(secure)}`;
    t.after(() => {
      secure.close();
      secure.closeAllConnections();
    });
    const trusting = { roots: authority.certificate };
    assert.equal((await get(`${base}/keys`, trusting)).text, keySet);
    assert.match(await refusal(get(`${base}/keys`)), /certificate/);
    answers['/down'] = redirectTo(`${origin}/keys`);
    assert.match(await refusal(get(`${base}/down`, trusting)), /from https to http/);
  });

  it('knows services of the mesh by their names, and blocks those too', async () => {
    const serviceAddress = (host: string): string | undefined =>
      host === 'keys.auth' ? '127.0.0.1' : undefined;
    const url = `${origin.replace('127.0.0.1', 'keys.auth')}/keys`;
    assert.equal((await get(url, { serviceAddress })).text, keySet);
    const blocked = readBlockedAddresses('127.0.0.0/8') ?? assert.fail();
    assert.match(await refusal(get(url, { serviceAddress, blocked })), /keys\.auth is blocked/);
  });

  it('never connects to blocked addresses, neither by name nor by redirect', async () => {
    const blocked = readBlockedAddresses('127.0.0.0/8, ::1/128') ?? assert.fail();
    assert.match(await refusal(get(`${origin}/keys`, { blocked })), /BLOCKED_CIDRS_IN_JWKS_URIS/);
    const named = origin.replace('127.0.0.1', 'localhost');
    assert.match(await refusal(get(`${named}/keys`, { blocked })), /BLOCKED_CIDRS_IN_JWKS_URIS/);
    assert.deepEqual(asked, []);
    const other = readBlockedAddresses('127.0.0.2/32') ?? assert.fail();
    answers['/inside'] = redirectTo(origin.replace('127.0.0.1', '127.0.0.2'));
    assert.match(await refusal(get(`${origin}/inside`, { blocked: other })), /127\.0\.0\.2 is bl/);
    assert.equal((await get(`${named}/keys`, { blocked: other })).text, keySet);
  });
});

describe('readBlockedAddresses', () => {
  it('takes CIDR ranges only', () => {
    assert.equal(readBlockedAddresses(undefined), undefined);
    assert.equal(readBlockedAddresses(' , '), undefined);
    for (const bad of ['10.0.0.1', '10.0.0.0/33', 'example.com/8', '10.0.0.0/8/8', '::/129'])
      assert.throws(() => readBlockedAddresses(bad), { code: 'bad-option' }, bad);
  });
});
