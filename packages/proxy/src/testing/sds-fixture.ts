import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary, fromJson, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  createResource,
  createSnapshot,
  openServerState,
  type ServerState,
  type Snapshot,
  sotwServer,
  typeUrls,
} from '@lateen/xds';
import { SecretSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '@lateen/xds/gen/envoy/service/discovery/v3/discovery_pb.js';
import { http2Protocol } from './static-bootstrap.ts';

/** An SDS server on a Unix socket. */
export interface SdsFixture extends AsyncDisposable {
  readonly path: string;
  /** The cluster `sds-grpc`. */
  readonly cluster: JsonObject;
  /** Refusals by proxies. */
  readonly rejections: readonly string[];
  readonly streams: number;
  /** Replaces all secrets; connected proxies get the difference. */
  set(secrets: readonly JsonObject[]): void;
}

const snapshotOf = (secrets: readonly JsonObject[]): Snapshot =>
  createSnapshot(
    secrets.map((json) =>
      createResource(
        typeUrls.secret,
        String(json['name']),
        SecretSchema,
        fromJson(SecretSchema, json),
      ),
    ),
  );

const service = {
  streamSecrets: {
    path: '/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets',
    requestStream: true,
    responseStream: true,
    requestSerialize: (message: DiscoveryRequest) =>
      Buffer.from(toBinary(DiscoveryRequestSchema, message)),
    requestDeserialize: (bytes: Buffer) => fromBinary(DiscoveryRequestSchema, bytes),
    responseSerialize: (message: DiscoveryResponse) =>
      Buffer.from(toBinary(DiscoveryResponseSchema, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(DiscoveryResponseSchema, bytes),
  },
};

/** Starts it. */
export const startSdsFixture = async (first: readonly JsonObject[]): Promise<SdsFixture> => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-sds-'));
  const path = join(folder, 'sds');
  let snapshot = snapshotOf(first);
  const pushes = new Set<() => void>();
  const rejections: string[] = [];
  const server = new Server();
  server.addService(service, {
    streamSecrets: (call: ServerDuplexStream<DiscoveryRequest, DiscoveryResponse>): void => {
      let state: ServerState = openServerState;
      const push = (): void => {
        const next = sotwServer.respond(state, snapshot);
        state = next.state;
        for (const response of next.responses) call.write(response);
      };
      pushes.add(push);
      call.on('data', (request: DiscoveryRequest) => {
        if (request.errorDetail !== undefined) rejections.push(request.errorDetail.message);
        state = sotwServer.receive(state, request);
        push();
      });
      call.on('error', () => undefined);
      call.on('close', () => pushes.delete(push));
      call.on('end', () => {
        pushes.delete(push);
        call.end();
      });
    },
  });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    ),
  );
  return {
    path,
    cluster: {
      name: 'sds-grpc',
      type: 'STATIC',
      ...http2Protocol,
      loadAssignment: {
        clusterName: 'sds-grpc',
        endpoints: [{ lbEndpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
      },
    },
    rejections,
    get streams() {
      return pushes.size;
    },
    set: (secrets) => {
      snapshot = snapshotOf(secrets);
      for (const push of pushes) push();
    },
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
