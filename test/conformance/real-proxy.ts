import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { SecretStore, startProxy } from '@lateen/proxy';
import { BootstrapSchema } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import type { EchoUpstreams } from './echo-upstreams.ts';
import { rowConfiguration } from './row-configuration.ts';
import type { Row } from './table.ts';
import { testCertificate } from './test-certificate.ts';

/** A line of the proxy's access log. */
export interface LoggedRequest {
  readonly response_code: number;
  /** `-` or null: none. */
  readonly response_flags: string | null;
  readonly route_name: string;
  readonly upstream_cluster: string;
  readonly request_id: string;
}

/** Names of the Kubernetes secrets that objects ask for. */
export const credentialNames = (objects: Row['objects']): readonly string[] =>
  [...JSON.stringify(objects).matchAll(/"credentialName":"([^"]+)"/g)].map(([, name = '']) => name);

/** A proxy that serves what the translator made for a row's caller, with endpoints on loopback. */
export interface RealProxy {
  /** Port of a listener; undefined: the proxy has none of that name. */
  port(listener: string): number | undefined;
  /** Where in [0, 1) the next draws fall: 0 takes the first of alternatives, just below 1 the last. */
  setChance(chance: number): void;
  /** Stops it. Resolves with its access log by request id. */
  stop(): Promise<ReadonlyMap<string, LoggedRequest>>;
}

/** The access log of a row's proxy by request id. */
export const readLog = (path: string): ReadonlyMap<string, LoggedRequest> =>
  new Map(
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LoggedRequest)
      .map((entry) => [entry.request_id, entry]),
  );

/** A certificate for every name that the row's Gateways ask for. */
const secretsOf = ({ objects }: Row): SecretStore => {
  const store = new SecretStore();
  const { cert, key } = testCertificate();
  for (const name of credentialNames(objects)) {
    const secret = { chain: Buffer.from(cert), privateKey: Buffer.from(key) };
    store.putCertificate(`kubernetes://${name}`, secret);
  }
  return store;
};

/** Starts the proxy of a row's caller. */
export const startRealProxy = async (row: Row, upstreams: EchoUpstreams): Promise<RealProxy> => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-conformance-'));
  const logFile = join(folder, 'access.log');
  let chance = 0;
  const secrets = secretsOf(row);
  const proxy = await startProxy(create(BootstrapSchema, { node: { id: 'conformance' } }), {
    dice: (limit) => Math.floor(chance * limit),
    secrets,
  });
  for (const one of await rowConfiguration(row, { accessLogFile: logFile, upstreams })) {
    const reason = await proxy.configuration.apply(one);
    if (reason !== undefined) throw new Error(`the proxy refuses ${one.name}: ${reason}`);
  }
  return {
    port: (listener) => proxy.listenerPort(listener),
    setChance: (value) => {
      chance = value;
    },
    stop: async () => {
      await proxy.stop();
      try {
        return readLog(logFile);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
};
