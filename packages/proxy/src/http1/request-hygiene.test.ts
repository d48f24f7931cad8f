import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AccessLogFile, startAccessLog } from '../testing/access-log-file.ts';
import { type RequestRow, requestRows, secondRequest } from '../testing/request-rows.ts';
import { type RunningProxy, routeTo, runProxy } from '../testing/running-proxy.ts';
import {
  requestsByLlhttp,
  type SeenMessage,
  type StrictServer,
  strictServer,
} from '../testing/second-opinion.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';

let upstream: StrictServer;
let judge: StrictServer;
let log: AccessLogFile;
let running: RunningProxy;

before(async () => {
  upstream = await strictServer();
  judge = await strictServer();
  log = await startAccessLog();
  running = await runProxy({
    clusters: [clusterJson('up', [upstream.port])],
    routes: [routeTo('up')],
    manager: log.manager,
  });
});

after(async () => {
  await running[Symbol.asyncDispose]();
  await log[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  await judge[Symbol.asyncDispose]();
});

/** Method, path, host and body: what two receivers must agree on. */
const essence = ({ method, path, host, body }: SeenMessage): string =>
  `${method} ${path} ${host} ${body}`;

/** Statuses the proxy answers with, until it closes or has answered everything. */
const ask = async (row: RequestRow, bytes: Buffer): Promise<readonly number[]> => {
  const client = await running.connect();
  client.send(bytes);
  const statuses: number[] = [];
  while (statuses.length < row.ours.length) {
    const text = await client.until((seen) => seen.includes('\r\n\r\n'));
    if (!text.includes('\r\n\r\n')) break;
    statuses.push((await client.response({ noBody: text.includes('HTTP/1.1 100') })).status);
  }
  const closes = row.ours.at(-1) !== 200;
  if (closes) await client.all();
  client.close();
  return statuses;
};

const shown = (text: string): string => JSON.stringify(text.slice(0, 70));

test('each row says why it differs from Envoy, or from llhttp', () => {
  for (const { what, envoy, ours, llhttp, why } of requestRows) {
    const taken = ours[0] === 200 || ours[0] === 100;
    const differs = envoy !== undefined || taken !== (llhttp === 'taken');
    assert.equal(why !== undefined, differs, what);
  }
  assert.ok(requestRows.length >= 60);
  assert.equal(new Set(requestRows.map(({ what }) => what)).size, requestRows.length);
});

const finalStatuses = ({ ours }: RequestRow): readonly number[] =>
  ours.filter((status) => status >= 200);

/** A refused request leaves nothing upstream; what follows it may. */
const checkRefused = (row: RequestRow, forwarded: readonly SeenMessage[]): void => {
  const leaked = forwarded.filter(({ path }) => path !== '/second');
  assert.deepEqual(leaked.map(essence), [], 'nothing of it reaches the upstream');
  const mayFollow = row.ours.length > 1 && row.ours.at(-1) === 200;
  assert.equal(forwarded.length, mayFollow ? 1 : 0, 'what follows');
};

/** A request that is taken arrives as a row says. */
const checkTaken = (row: RequestRow, first: SeenMessage | undefined): void => {
  if (row.body !== undefined) assert.equal(first?.body, row.body);
  if (row.host !== undefined) assert.equal(first?.host, row.host);
  const names = (first?.rawHeaders ?? []).map((name) => name.toLowerCase());
  for (const name of row.without ?? []) assert.ok(!names.includes(name), `no ${name}`);
  for (const name of row.with ?? []) assert.ok(names.includes(name), `with ${name}`);
};

for (const row of requestRows) {
  test(`request: ${row.what}`, { timeout: 60_000 }, async () => {
    const bytes = Buffer.from(row.send + (row.alone === true ? '' : secondRequest), 'latin1');
    assert.deepEqual(await ask(row, bytes), row.ours, shown(row.send));

    await upstream.settled();
    const forwarded = upstream.take();
    const second = await requestsByLlhttp(judge, bytes);
    const isTaken = second.requests.length > 0 && second.requests[0]?.path !== '/second';
    assert.equal(isTaken ? 'taken' : 'refused', row.llhttp, 'the second opinion');

    if (finalStatuses(row)[0] !== 200) {
      checkRefused(row, forwarded);
      return;
    }
    assert.equal(forwarded.length, row.ours.filter((status) => status === 200).length);
    if (row.llhttp === 'taken' && row.host === undefined) {
      assert.deepEqual(forwarded.map(essence), second.requests.map(essence), 'same messages');
    }
    checkTaken(row, forwarded[0]);
  });
}

test('the access log says why, as Envoy does', async () => {
  for (const row of requestRows) {
    for (const [at, status] of finalStatuses(row).entries()) {
      const why = at === 0 ? (row.details ?? '- via_upstream') : '- via_upstream';
      assert.equal(await log.next(), `${status} ${why}`, row.what);
    }
  }
});
