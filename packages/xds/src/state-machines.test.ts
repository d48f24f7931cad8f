import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { Cluster_DiscoveryType, ClusterSchema } from '../gen/envoy/config/cluster/v3/cluster_pb.js';
import { NodeSchema } from '../gen/envoy/config/core/v3/base_pb.js';
import { ClusterLoadAssignmentSchema } from '../gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../gen/envoy/config/route/v3/route_pb.js';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  type DiscoveryRequest,
  type DiscoveryResponse,
} from '../gen/envoy/service/discovery/v3/discovery_pb.js';
import {
  type ClientProtocol,
  type ClientState,
  type ClientStep,
  type ClientUpdate,
  openClientState,
} from './client-state.ts';
import { contentHash } from './content-hash.ts';
import { deltaClient } from './delta-client.ts';
import { deltaServer } from './delta-server.ts';
import { createResource, type Resource } from './resource.ts';
import { openServerState, type ServerProtocol, type ServerState } from './server-state.ts';
import { createSnapshot, emptySnapshot, resourcesOfType, type Snapshot } from './snapshot.ts';
import { sotwClient } from './sotw-client.ts';
import { sotwServer } from './sotw-server.ts';
import { wildcardName } from './subscription.ts';
import { typeUrls } from './type-url.ts';

fc.configureGlobal({ seed: 20_261_121 });

const cluster = (name: string, edition: number): Resource =>
  createResource(
    typeUrls.cluster,
    name,
    ClusterSchema,
    create(ClusterSchema, { name, altStatName: `e${edition}` }),
  );
const endpoint = (name: string, edition: number): Resource =>
  createResource(
    typeUrls.endpoint,
    name,
    ClusterLoadAssignmentSchema,
    create(ClusterLoadAssignmentSchema, {
      clusterName: name,
      policy: { overprovisioningFactor: edition + 1 },
    }),
  );
const listener = (name: string, edition: number): Resource =>
  createResource(
    typeUrls.listener,
    name,
    ListenerSchema,
    create(ListenerSchema, { name, statPrefix: `e${edition}` }),
  );
const route = (name: string, edition: number): Resource =>
  createResource(
    typeUrls.route,
    name,
    RouteConfigurationSchema,
    create(RouteConfigurationSchema, { name, internalOnlyHeaders: [`e${edition}`] }),
  );

/** The type whose names a client asks for as it learns of the first type's. */
const follows: ReadonlyMap<string, string> = new Map([
  [typeUrls.cluster, typeUrls.endpoint],
  [typeUrls.listener, typeUrls.route],
]);

/** A client and a server joined by two lossless pipes that can be cut. */
class Pair<Request, Response> {
  readonly #client: ClientProtocol<Request, Response>;
  readonly #server: ServerProtocol<Request, Response>;
  clientState: ClientState = openClientState(create(NodeSchema, { id: 'sidecar~1.1.1.1~a.b~c' }));
  serverState: ServerState = openServerState;
  snapshot: Snapshot = emptySnapshot;
  toServer: Request[] = [];
  toClient: Response[] = [];
  /** What the client has applied: type and name to the content hash. */
  readonly applied = new Map<string, string>();
  readonly log: string[] = [];
  refuse: (update: ClientUpdate) => string | undefined = () => undefined;

  constructor(
    client: ClientProtocol<Request, Response>,
    server: ServerProtocol<Request, Response>,
  ) {
    this.#client = client;
    this.#server = server;
    this.#step(client.subscribe(this.clientState, typeUrls.cluster, [wildcardName]));
    this.#step(client.subscribe(this.clientState, typeUrls.listener, [wildcardName]));
  }

  #step({ state, requests }: ClientStep<Request>): void {
    this.clientState = state;
    this.toServer.push(...requests);
  }

  publish(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.#respond();
  }

  #respond(): void {
    const { state, responses } = this.#server.respond(this.serverState, this.snapshot);
    this.serverState = state;
    this.toClient.push(...responses);
  }

  deliverRequest(): boolean {
    const request = this.toServer.shift();
    if (request === undefined) return false;
    this.serverState = this.#server.receive(this.serverState, request);
    this.#respond();
    return true;
  }

  deliverResponse(): boolean {
    const response = this.toClient.shift();
    if (response === undefined) return false;
    const { state, update } = this.#client.receive(this.clientState, response);
    this.clientState = state;
    const error = this.refuse(update);
    if (error === undefined) this.#apply(update);
    this.#step(this.#client.settle(this.clientState, update, error ? { error } : undefined));
    return true;
  }

  #apply(update: ClientUpdate): void {
    const { typeUrl, changed, removed } = update;
    const names = changed.map(({ name }) => name);
    if (names.length + removed.length > 0)
      this.log.push(`${typeUrl.split('.').at(-1)} +${names.join()} -${removed.join()}`);
    for (const { name, any } of changed)
      this.applied.set(`${typeUrl} ${name}`, contentHash(any.value));
    for (const name of removed) this.applied.delete(`${typeUrl} ${name}`);
    const follower = follows.get(typeUrl);
    if (follower === undefined) return;
    for (const name of removed) this.applied.delete(`${follower} ${name}`);
    this.#step(this.#client.subscribe(this.clientState, follower, names));
    this.#step(this.#client.unsubscribe(this.clientState, follower, removed));
  }

  /** Both pipes are lost and a new stream begins. */
  reconnect(): void {
    this.toServer = [];
    this.toClient = [];
    this.serverState = openServerState;
    this.#step(this.#client.reconnect(this.clientState));
  }

  drain(): void {
    while (this.deliverRequest() || this.deliverResponse());
  }
}

const deltaPair = (): Pair<DeltaDiscoveryRequest, DeltaDiscoveryResponse> =>
  new Pair(deltaClient, deltaServer);
const sotwPair = (): Pair<DiscoveryRequest, DiscoveryResponse> => new Pair(sotwClient, sotwServer);

const expectedOf = (snapshot: Snapshot): Map<string, string> => {
  const expected = new Map<string, string>();
  for (const [typeUrl, resources] of snapshot.types)
    for (const { name, version } of resources.values()) expected.set(`${typeUrl} ${name}`, version);
  return expected;
};

const sorted = (map: ReadonlyMap<string, string>): readonly string[] =>
  [...map].map(([key, value]) => `${key}=${value}`).sort();

const edition = fc.nat({ max: 2 });
const target = fc.record({ parent: edition, child: edition });
const names = fc.constantFrom('a', 'b', 'c', 'd');

/** Consistent snapshots: every cluster has its assignment, every listener its routes. */
const snapshots: fc.Arbitrary<Snapshot> = fc
  .record({ clusters: fc.dictionary(names, target), listeners: fc.dictionary(names, target) })
  .map(({ clusters, listeners }) =>
    createSnapshot([
      ...Object.entries(clusters).flatMap(([name, { parent, child }]) => [
        cluster(name, parent),
        endpoint(name, child),
      ]),
      ...Object.entries(listeners).flatMap(([name, { parent, child }]) => [
        listener(name, parent),
        route(name, child),
      ]),
    ]),
  );

type Action =
  | { readonly do: 'publish'; readonly snapshot: Snapshot }
  | { readonly do: 'request' | 'response' | 'reconnect' };

const actions: fc.Arbitrary<readonly Action[]> = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: snapshots.map((snapshot) => ({ do: 'publish', snapshot }) as const) },
    { weight: 4, arbitrary: fc.constant({ do: 'request' } as const) },
    { weight: 4, arbitrary: fc.constant({ do: 'response' } as const) },
    { weight: 1, arbitrary: fc.constant({ do: 'reconnect' } as const) },
  ),
  { maxLength: 60 },
);

const play = <Request, Response>(
  pair: Pair<Request, Response>,
  script: readonly Action[],
): void => {
  for (const action of script) {
    if (action.do === 'publish') pair.publish(action.snapshot);
    else if (action.do === 'request') pair.deliverRequest();
    else if (action.do === 'response') pair.deliverResponse();
    else pair.reconnect();
  }
};

describe('xDS state machines', () => {
  it('delta and SotW clients both end with the last snapshot, whatever the interleaving', () => {
    fc.assert(
      fc.property(actions, snapshots, (script, last) => {
        for (const pair of [deltaPair(), sotwPair()]) {
          play(pair as Pair<unknown, unknown>, script);
          pair.publish(last);
          pair.drain();
          assert.deepEqual(sorted(pair.applied), sorted(expectedOf(last)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('SotW: a cluster that a response left out comes back when it is there again', () => {
    const both = (name: string): readonly Resource[] => [cluster(name, 0), endpoint(name, 0)];
    const pair = sotwPair();
    pair.publish(createSnapshot(both('a')));
    pair.deliverRequest();
    pair.deliverResponse();
    // The answer about listeners is under way: clusters are withdrawn later, unless there is news of others.
    pair.deliverRequest();
    pair.publish(createSnapshot(both('b')));
    while (pair.deliverRequest());
    const last = createSnapshot([...both('a'), ...both('b')]);
    pair.publish(last);
    pair.drain();
    assert.deepEqual(sorted(pair.applied), sorted(expectedOf(last)));
  });

  it('never has two unsettled responses of one type', () => {
    fc.assert(
      fc.property(actions, (script) => {
        const pair = deltaPair();
        for (const action of script) {
          play(pair, [action]);
          const types = pair.toClient.map(({ typeUrl }) => typeUrl);
          assert.equal(new Set(types).size, types.length);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('a settled client that reconnects gets no resource again, and what changed meanwhile', () => {
    fc.assert(
      fc.property(snapshots, snapshots, (before, after) => {
        for (const make of [deltaPair, sotwPair]) {
          const pair = make() as Pair<unknown, { resources: unknown[] }>;
          pair.publish(before);
          pair.drain();
          pair.reconnect();
          pair.log.length = 0;
          while (pair.deliverRequest());
          assert.ok(pair.toClient.every(({ resources }) => resources.length === 0));
          pair.reconnect();
          pair.publish(after);
          pair.drain();
          assert.deepEqual(sorted(pair.applied), sorted(expectedOf(after)));
        }
      }),
      { numRuns: 100 },
    );
  });
});

const settledPair = (...resources: Resource[]): ReturnType<typeof deltaPair> => {
  const pair = deltaPair();
  pair.publish(resources.length === 0 ? emptySnapshot : createSnapshot(resources));
  pair.drain();
  pair.log.length = 0;
  return pair;
};

describe('delta server', () => {
  it('sends only the route that changed', () => {
    const fixed = [cluster('c', 0), endpoint('c', 0), listener('x', 0), listener('y', 0)];
    const pair = settledPair(...fixed, route('x', 0), route('y', 0));
    pair.publish(createSnapshot([...fixed, route('x', 0), route('y', 1)]));
    pair.drain();
    assert.deepEqual(pair.log, ['RouteConfiguration +y -']);
  });

  it('sends endpoints again, as they are, when their cluster has changed', () => {
    const eds = (name: string, edition: number): Resource =>
      createResource(
        typeUrls.cluster,
        name,
        ClusterSchema,
        create(ClusterSchema, {
          name,
          altStatName: `e${edition}`,
          clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
        }),
      );
    const fixed = [eds('same', 0), endpoint('same', 0), endpoint('c', 0)];
    const pair = settledPair(...fixed, eds('c', 0));
    pair.publish(createSnapshot([...fixed, eds('c', 1)]));
    pair.drain();
    assert.deepEqual(pair.log, ['Cluster +c -', 'ClusterLoadAssignment +c -']);
    pair.publish(createSnapshot([...fixed, eds('c', 1)]));
    pair.drain();
    assert.equal(pair.log.length, 2);
  });

  it('adds what is referred to first and withdraws it last', () => {
    const pair = settledPair(
      cluster('old', 0),
      endpoint('old', 0),
      listener('l', 0),
      route('l', 0),
    );
    pair.publish(
      createSnapshot([cluster('new', 0), endpoint('new', 0), listener('l', 0), route('l', 1)]),
    );
    pair.drain();
    assert.deepEqual(pair.log, [
      'Cluster +new -',
      'RouteConfiguration +l -',
      'ClusterLoadAssignment +new -',
      'Cluster + -old',
    ]);
  });

  it('does not repeat a refused version and reports it until another one is accepted', () => {
    const pair = settledPair(listener('l', 0), route('l', 0));
    pair.refuse = ({ typeUrl }) => (typeUrl === typeUrls.route ? 'bad route' : undefined);
    pair.publish(createSnapshot([listener('l', 0), route('l', 1)]));
    pair.drain();
    const refused = pair.serverState.subscriptions.get(typeUrls.route);
    assert.equal(refused?.rejected?.error, 'bad route');
    assert.notEqual(refused?.acked?.nonce, refused?.sent?.nonce);
    const nonces = pair.serverState.nonceCount;
    pair.publish(createSnapshot([listener('l', 0), route('l', 1)]));
    pair.drain();
    assert.equal(pair.serverState.nonceCount, nonces);

    pair.refuse = () => undefined;
    pair.publish(createSnapshot([listener('l', 0), route('l', 2)]));
    pair.drain();
    const accepted = pair.serverState.subscriptions.get(typeUrls.route);
    assert.equal(accepted?.rejected, undefined);
    assert.deepEqual(accepted?.acked, accepted?.sent);
  });

  it('keeps no more of an error text than a person reads', () => {
    const pair = settledPair(listener('l', 0), route('l', 0));
    pair.publish(createSnapshot([listener('l', 0), route('l', 1)]));
    const { nonce } = pair.serverState.subscriptions.get(typeUrls.route)!.outstanding!;
    const nack = create(DeltaDiscoveryRequestSchema, {
      typeUrl: typeUrls.route,
      responseNonce: nonce,
      errorDetail: { message: 'x'.repeat(1_000_000) },
    });
    const state = deltaServer.receive(pair.serverState, nack);
    assert.equal(state.subscriptions.get(typeUrls.route)?.rejected?.error.length, 4_096);
  });

  it('withdraws what it sent when the very same older snapshot comes back', () => {
    const pair = settledPair();
    pair.publish(createSnapshot([cluster('c', 0), endpoint('c', 0)]));
    pair.drain();
    pair.publish(emptySnapshot);
    pair.drain();
    assert.equal(pair.applied.size, 0);
  });

  it('tells that a named resource does not exist, and sends it when it does', () => {
    const typeUrl = typeUrls.endpoint;
    const opened = deltaClient.subscribe(openClientState(create(NodeSchema)), typeUrl, ['gone']);
    let state = deltaServer.receive(openServerState, opened.requests[0]!);
    const missing = deltaServer.respond(state, emptySnapshot);
    assert.deepEqual(missing.responses[0]?.removedResources, ['gone']);
    const { update } = deltaClient.receive(opened.state, missing.responses[0]!);
    const ack = deltaClient.settle(opened.state, update).requests[0]!;
    state = deltaServer.receive(missing.state, ack);
    assert.deepEqual(deltaServer.respond(state, emptySnapshot).responses, []);
    const found = deltaServer.respond(state, createSnapshot([endpoint('gone', 0)]));
    assert.deepEqual(
      found.responses[0]?.resources.map(({ name }) => name),
      ['gone'],
    );
  });

  it('answers a name that is subscribed again, even in the same version', () => {
    const pair = settledPair(cluster('c', 0), endpoint('c', 0));
    const { nonceCount } = pair.serverState;
    const again = deltaClient.reconnect(pair.clientState).requests.at(-1)!;
    const state = deltaServer.receive(pair.serverState, again);
    const { responses } = deltaServer.respond(state, pair.snapshot);
    assert.equal(responses[0]?.nonce, String(nonceCount + 1));
    assert.equal(responses[0]?.resources[0]?.name, 'c');
  });

  it('ignores stale nonces', () => {
    const pair = settledPair(listener('l', 0), route('l', 0));
    const stale = deltaClient.settle(pair.clientState, {
      typeUrl: typeUrls.route,
      nonce: '99',
      version: '',
      changed: [],
      removed: [],
    });
    const after = deltaServer.receive(pair.serverState, stale.requests[0]!);
    assert.equal(after, pair.serverState);
  });
});

describe('first requests', () => {
  it('name the node once a stream', () => {
    const pair = deltaPair();
    assert.deepEqual(
      pair.toServer.map(({ node }) => node?.id),
      ['sidecar~1.1.1.1~a.b~c', undefined],
    );
    pair.reconnect();
    assert.equal(pair.toServer[0]?.node?.id, 'sidecar~1.1.1.1~a.b~c');
  });

  it('are answered even when there is nothing to send', () => {
    const pair = deltaPair();
    pair.drain();
    const clusters = pair.serverState.subscriptions.get(typeUrls.cluster);
    assert.ok(clusters?.acked);
    assert.equal(resourcesOfType(pair.snapshot, typeUrls.cluster).size, 0);
  });
});
