/** Two meshes with roots and trust domains of their own: real istiods, agents and proxies. */
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Agent } from '@lateen/agent';
import type { ConfigMap } from '@lateen/api';
import { splitCertificates } from '@lateen/identity';
import { resources } from '@lateen/kube';
import { type ProxyServer, parseBootstrap, startProxy } from '@lateen/proxy';
import { Cleanup } from './cleanup.ts';
import { type ControlPlane, startControlPlane } from './testing/control-plane.ts';
import { until } from './testing/until.ts';
import { startWorkloadAgent } from './testing/workload-agent.ts';

const envoy = (type: string, fields: object): object => ({
  '@type': `type.googleapis.com/envoy.${type}`,
  ...fields,
});

const address = (port: number): object => ({
  socket_address: { address: '127.0.0.1', port_value: port },
});

const clusterOf = (name: string, endpoint: object, more: object = {}): object => ({
  name,
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: endpoint } }] }],
  },
  ...more,
});

const secretOf = (name: string): object => ({
  name,
  sds_config: {
    resource_api_version: 'V3',
    api_config_source: {
      api_type: 'GRPC',
      transport_api_version: 'V3',
      grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
    },
  },
});

/** As the translator writes it: certificate and roots by SDS, any name of these trust domains. */
const meshTls = (type: 'Downstream' | 'Upstream', trustDomains: readonly string[]): object => ({
  name: 'envoy.transport_sockets.tls',
  typed_config: envoy(`extensions.transport_sockets.tls.v3.${type}TlsContext`, {
    ...(type === 'Downstream' && { require_client_certificate: true }),
    common_tls_context: {
      tls_certificate_sds_secret_configs: [secretOf('default')],
      combined_validation_context: {
        default_validation_context: {
          match_typed_subject_alt_names: trustDomains.map((domain) => ({
            san_type: 'URI',
            matcher: { prefix: `spiffe://${domain}/` },
          })),
        },
        validation_context_sds_secret_config: secretOf('ROOTCA'),
      },
    },
  }),
});

const listenerOf = (cluster: string, tls?: object): object => {
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: envoy('extensions.filters.http.router.v3.Router', {}),
  };
  const route = { match: { prefix: '/' }, route: { cluster } };
  const manager = {
    stat_prefix: 'test',
    http_filters: [router],
    route_config: {
      name: 'all',
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }],
    },
  };
  const name = 'envoy.filters.network.http_connection_manager';
  const type = 'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  const filter = { name, typed_config: envoy(type, manager) };
  const chain = { filters: [filter], ...(tls && { transport_socket: tls }) };
  return { name: 'http', address: address(0), filter_chains: [chain] };
};

/** A mesh with one workload. */
class Mesh {
  readonly trustDomain: string;
  readonly plane: ControlPlane;
  readonly agent: Agent;

  private constructor(trustDomain: string, plane: ControlPlane, agent: Agent) {
    this.trustDomain = trustDomain;
    this.plane = plane;
    this.agent = agent;
  }

  static async start(trustDomain: string, cleanup: Cleanup): Promise<Mesh> {
    const plane = await startControlPlane(['default/web']);
    cleanup.add(() => plane.close());
    await configure(plane, { trustDomain });
    const agent = await startWorkloadAgent(plane, { SERVICE_ACCOUNT: 'web', SECRET_TTL: '20s' });
    cleanup.add(() => agent.close());
    return new Mesh(trustDomain, plane, agent);
  }

  get roots(): readonly string[] {
    return splitCertificates(this.agent.secrets.roots ?? '');
  }

  async proxy(cluster: object, listener: object, cleanup: Cleanup): Promise<ProxyServer> {
    const pipe = { pipe: { path: join(this.plane.folder, 'sds') } };
    const secrets = clusterOf('sds-grpc', pipe, { http2_protocol_options: {} });
    const bootstrap = {
      node: { id: `sidecar~127.0.0.1~web.default~default.svc.cluster.local` },
      static_resources: { clusters: [secrets, cluster], listeners: [listener] },
    };
    const server = await startProxy(await parseBootstrap(bootstrap as never));
    cleanup.add(() => server.stop());
    return server;
  }
}

const configure = async ({ client }: ControlPlane, fields: object): Promise<void> => {
  const ref = { name: 'istio', namespace: 'istio-system' };
  const { data } = await client.get<ConfigMap>(resources.configMaps, ref);
  const added = Object.entries(fields).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const kept = (data?.['mesh'] ?? '')
    .split('\n')
    .filter((line) => !Object.keys(fields).some((name) => line.startsWith(`${name}:`)));
  const body = { data: { mesh: [...kept, ...added].join('\n') } };
  await client.patch(resources.configMaps, { kind: 'merge', ...ref, body });
};

describe('two meshes that know nothing of each other', { timeout: 300_000 }, () => {
  const cleanup = new Cleanup();
  let west: Mesh;
  let east: Mesh;
  let port: number;

  const call = async (): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    await response.text();
    return response.status;
  };

  before(async () => {
    west = await Mesh.start('west', cleanup);
    east = await Mesh.start('east', cleanup);
    const app = http.createServer((_request, response) => response.end('east'));
    await new Promise<void>((listening) => app.listen(0, '127.0.0.1', listening));
    cleanup.add(() => {
      app.close();
      app.closeAllConnections();
    });
    const tls = meshTls('Downstream', ['east', 'west']);
    const appPort = (app.address() as AddressInfo).port;
    const server = await east.proxy(
      clusterOf('app', address(appPort)),
      listenerOf('app', tls),
      cleanup,
    );
    await until('server', () => server.listenerPort('http') !== undefined);
    const peer = clusterOf('peer', address(server.listenerPort('http') ?? 0), {
      transport_socket: meshTls('Upstream', ['east']),
      // Roots are looked at when a connection is made.
      max_requests_per_connection: 1,
    });
    const client = await west.proxy(peer, listenerOf('peer'), cleanup);
    await until('client', () => client.listenerPort('http') !== undefined);
    port = client.listenerPort('http') ?? 0;
    await until('certificates', () => [west, east].every(({ agent }) => agent.secrets.certificate));
  });

  after(() => cleanup.run());

  it('refuse each other’s workloads', async () => {
    assert.notDeepEqual(west.roots, east.roots);
    assert.equal(await call(), 503);
  });

  it('let them talk after the exchange of roots and trust domains, and not before both did', async () => {
    const [westRoot = ''] = west.roots;
    const [eastRoot = ''] = east.roots;
    await configure(west.plane, {
      trustDomainAliases: ['east'],
      caCertificates: [{ pem: eastRoot, trustDomains: ['east'] }],
    });
    await until('trust in the east', () => west.roots.includes(eastRoot));
    assert.equal(await call(), 503);
    await configure(east.plane, {
      trustDomainAliases: ['west'],
      caCertificates: [{ pem: westRoot, trustDomains: ['west'] }],
    });
    await until('an answer', async () => (await call()) === 200);
  });

  it('refuse them again when one takes its trust back', async () => {
    await configure(east.plane, { trustDomainAliases: [], caCertificates: [] });
    await until('distrust', () => east.roots.length === 1);
    await until('a refusal', async () => (await call()) === 503);
  });
});
