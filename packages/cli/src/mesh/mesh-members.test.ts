import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { membershipFlags, membershipOf, membershipWords } from './membership-flags.ts';
import {
  memberNames,
  planMembers,
  readMembers,
  type Topology,
  topologyOf,
  writeMembers,
} from './mesh-members.ts';

describe('members of a mesh', () => {
  let stateDir: string;
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'lateen-members-'));
  });
  afterEach(() => rmSync(stateDir, { recursive: true }));

  const plan = (names: readonly string[], topology?: Topology) =>
    planMembers({ stateDir, names, topology });
  const rolesOf = (members: ReturnType<typeof plan>): readonly string[] =>
    members.map(({ name, primary }) => (primary === undefined ? name : `${name} of ${primary}`));

  it('have control planes of their own, or the first has that of all', () => {
    assert.deepEqual(rolesOf(plan(memberNames([], 2))), ['cluster1', 'cluster2']);
    const names = ['west', 'east', 'north'];
    assert.deepEqual(rolesOf(plan(names, 'multi-primary')), names);
    const remotes = ['west', 'east of west', 'north of west'];
    assert.deepEqual(rolesOf(plan(names, 'primary-remote')), remotes);
    assert.deepEqual(plan([]), []);
  });

  it('are remembered with their places', () => {
    const members = plan(['west', 'east'], 'primary-remote');
    writeMembers(stateDir, members);
    assert.deepEqual(readMembers(stateDir), members);
    assert.equal(topologyOf(readMembers(stateDir)), 'primary-remote');
    assert.deepEqual(plan([]), members);
    assert.deepEqual(plan(['west', 'east']), members);
    // Another one may join.
    assert.deepEqual(rolesOf(plan(['west', 'east', 'north'])), [
      'west',
      'east of west',
      'north of west',
    ]);
  });

  it('are found in the file of before there were places', () => {
    writeFileSync(join(stateDir, 'mesh.json'), '["cluster1","cluster2"]');
    assert.deepEqual(rolesOf(plan([])), ['cluster1', 'cluster2']);
  });

  it('keep their places: what a cluster holds is for its own', () => {
    writeMembers(stateDir, plan(['west', 'east'], 'primary-remote'));
    assert.throws(
      () => plan(['west', 'east'], 'multi-primary'),
      /cluster east is a remote cluster of west here, .*--state-dir/,
    );
    assert.throws(() => plan(['east', 'west']), /cluster east is a remote cluster of west here/);
  });

  it('have control planes in several clusters, for others too', () => {
    const remotes = [
      { name: 'c', primary: 'a' },
      { name: 'd', primary: 'b' },
    ];
    const mixed = { stateDir, names: ['a', 'b'], topology: undefined, remotes };
    const members = planMembers(mixed);
    assert.deepEqual(rolesOf(members), ['a', 'b', 'c of a', 'd of b']);
    writeMembers(stateDir, members);
    assert.deepEqual(plan([]), members);
    assert.deepEqual(rolesOf(plan(['a', 'b', 'c', 'd', 'e'])).at(-1), 'e');
    assert.throws(
      () => planMembers({ ...mixed, remotes: [{ name: 'c', primary: 'b' }] }),
      /cluster c is a remote cluster of a here/,
    );
    const refused = (primary: string, name = 'x') =>
      assert.throws.bind(undefined, () =>
        planMembers({ ...mixed, remotes: [...remotes, { name, primary }] }),
      );
    refused('nobody')(/--remote x=nobody: there is no cluster nobody/);
    refused('c')(/--remote x=c: c is a remote cluster of a/);
    refused('a', 'c')(/two clusters cannot have one name/);
  });

  it('are on a network each, or all on one', () => {
    const networks = (members: ReturnType<typeof plan>) => members.map(({ network }) => network);
    assert.deepEqual(networks(plan(['a', 'b'])), ['network-a', 'network-b']);
    const shared = { stateDir, names: ['a', 'b'], topology: undefined, oneNetwork: true };
    const members = planMembers(shared);
    assert.deepEqual(networks(members), ['network1', 'network1']);
    writeMembers(stateDir, members);
    assert.deepEqual(networks(plan(['a', 'b', 'c'])), ['network1', 'network1', 'network1']);
    assert.throws(() => planMembers({ ...shared, names: ['x'] }), /--one-network is for several/);
    writeMembers(
      stateDir,
      plan([]).map((one) => ({ ...one, network: `network-${one.name}` })),
    );
    assert.throws(() => planMembers(shared), /cluster a is on network-a here/);
  });

  it('are more than one where there is a topology', () => {
    assert.throws(() => plan([], 'primary-remote'), /is for several clusters: add --clusters 2/);
    assert.throws(() => plan(['west'], 'primary-remote'), /is for several clusters/);
  });

  it('are told their places when they are started', () => {
    const members = plan(['west', 'east'], 'primary-remote');
    writeMembers(stateDir, members);
    const [west, east] = members;
    assert.ok(west !== undefined && east !== undefined);
    const primary = { cluster: 'west', kubeconfig: join(stateDir, 'clusters/west/kubeconfig') };
    const common = { rootFolder: join(stateDir, 'mesh-root') };
    assert.deepEqual(membershipOf(membershipFlags(stateDir, east)), {
      ...common,
      ...{ cluster: 'east', network: 'network-east', hasRemotes: false, primary },
    });
    assert.deepEqual(membershipOf(membershipFlags(stateDir, west)), {
      ...common,
      ...{ cluster: 'west', network: 'network-west', hasRemotes: true },
    });
    assert.deepEqual(membershipWords(stateDir, east).slice(-4), [
      ...['--primary', 'west', '--primary-kubeconfig', primary.kubeconfig],
    ]);
    assert.equal(membershipWords(stateDir, west).at(-1), '--has-remotes');
    assert.equal(membershipOf({}), undefined);
  });
});
