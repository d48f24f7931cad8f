import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequest } from './request.ts';

const read = (url: string, headers: readonly string[] = []) =>
  parseRequest({ method: 'GET', url, headers });

const good = [
  ['http://reviews:9080/reviews/0?x=1', 'http reviews:9080 /reviews/0?x=1 reviews:9080'],
  ['reviews:9080', 'http reviews:9080 / reviews:9080'],
  ['http://reviews', 'http reviews:80 / reviews'],
  ['http://reviews:80/', 'http reviews:80 / reviews'],
  ['https://A.example.com/x#y', 'https a.example.com:443 /x a.example.com'],
  ['http://[::1]:8080?q', 'http [::1]:8080 /?q [::1]:8080'],
  ['tcp://db:5432', 'tcp db:5432 / db:5432'],
] as const;
for (const [url, expected] of good) {
  test(`${url} is read`, () => {
    const { value } = read(url);
    assert.equal(
      `${value?.scheme} ${value?.host}:${value?.port} ${value?.path} ${value?.authority}`,
      expected,
    );
  });
}

const bad = [
  '',
  'ftp://reviews',
  'http://',
  'http://a:0',
  'http://a:70000',
  'tcp://db',
  'http://a b/',
];
for (const url of bad) {
  test(`"${url}" is refused`, () => {
    assert.deepEqual(
      read(url).diagnostics.map(({ code }) => code),
      ['UrlInvalid'],
    );
  });
}

test('headers: no case in names, lines joined, Host stands above the URL', () => {
  const { value } = read('http://reviews:9080', ['X-Tag: a', 'x-tag:b', 'Host: other']);
  assert.deepEqual([...(value?.headers ?? [])], [['x-tag', 'a,b']]);
  assert.equal(value?.authority, 'other');
  assert.equal(value?.urlAuthority, 'reviews:9080');
  assert.equal(read('http://reviews', ['nonsense']).diagnostics[0]?.code, 'HeaderInvalid');
});

test('SNI is the name of an https URL, never an address', () => {
  assert.equal(read('https://a.example.com').value?.serverName, 'a.example.com');
  assert.equal(read('https://10.0.0.1').value?.serverName, '');
  assert.equal(read('http://a.example.com').value?.serverName, '');
});
