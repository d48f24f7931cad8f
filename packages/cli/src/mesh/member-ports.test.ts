import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { processStart, type RunRecord, stateFolderAt, writeRunRecord } from '@lateen/runtime';
import { memberPorts, withLiveMembers } from './member-ports.ts';

const recordAt = (stateDir: string, apiServer: string, gateway: string): RunRecord => ({
  version: '0.1.0',
  pid: process.pid,
  processStart: processStart(process.pid) ?? '',
  phase: 'ready',
  startedAt: '2026-01-01T00:00:00Z',
  stateDir,
  kubeconfig: join(stateDir, 'kubeconfig'),
  apiServer,
  gateway: { http: gateway },
  network: { kind: 'loopback', cidr: '127.9.0.0/16' },
});

test('a member comes back where it was, and status says where it is', (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'lateen-ports-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  assert.deepEqual(memberPorts(stateDir, 'east'), {});
  const member = join(stateDir, 'east');
  mkdirSync(member);
  const mesh = {
    ...recordAt(stateDir, 'https://127.0.0.1:6443', 'http://127.0.0.1:8080'),
    clusters: [
      {
        name: 'east',
        network: 'n',
        stateDir: member,
        apiServer: 'https://127.0.0.1:7001',
        gateway: { http: 'http://127.0.0.1:7002' },
      },
    ],
  };
  writeRunRecord(stateFolderAt(stateDir), mesh);
  assert.deepEqual(memberPorts(stateDir, 'east'), { port: 7001, gatewayPort: 7002 });
  assert.deepEqual(memberPorts(stateDir, 'west'), {});
  assert.deepEqual(withLiveMembers(mesh), mesh);
  const moved = recordAt(member, 'https://127.0.0.1:7003', 'http://127.0.0.1:7004');
  const dashboard = 'http://127.0.0.1:20005';
  writeRunRecord(stateFolderAt(member), { ...moved, dashboard });
  const [east] = withLiveMembers(mesh).clusters ?? [];
  assert.equal(withLiveMembers(mesh).dashboard, dashboard);
  assert.equal(east?.apiServer, 'https://127.0.0.1:7003');
  assert.equal(east?.gateway.http, 'http://127.0.0.1:7004');
});
