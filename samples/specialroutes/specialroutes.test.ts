import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../http-app/started-server.ts';
import { createSpecialRoutes } from './app.ts';

const greetings = [
  ['V11', '/route/result', '欢迎使用 V11系统'],
  ['V12', '/route/result', '欢迎使用 V12系统'],
  ['V12', '/route/result/666', '欢迎使用 V12系统 666'],
] as const;

for (const [version, path, text] of greetings) {
  test(`${version} greets at ${path}`, async (t) => {
    const url = await startServer(t, createSpecialRoutes({ version }));
    assert.equal(await (await fetch(url + path)).text(), text);
  });
}

test('V11 does not have the second route, and says so as Spring Boot does', async (t) => {
  const url = await startServer(t, createSpecialRoutes({ version: 'V11' }));
  const response = await fetch(`${url}/route/result/666`);
  assert.equal(response.status, 404);
  assert.match(
    await response.text(),
    /^\{"timestamp":\d{13},"status":404,"error":"Not Found","message":"No message available","path":"\/route\/result\/666"\}$/,
  );
});
