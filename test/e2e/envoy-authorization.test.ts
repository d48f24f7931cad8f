/** The cases of test/conformance/authorization through a real Envoy. */
import { after, before, describe, test } from 'node:test';
import { checkCase, protocols } from '../conformance/authorization/case-exchange.ts';
import { caseGroups } from '../conformance/authorization/case-groups.ts';
import {
  caseConfiguration,
  nextAddress,
  type startCaseProxy,
} from '../conformance/authorization/case-proxy.ts';
import { authorizationCases } from '../conformance/authorization/case-table.ts';
import { identityOf, meshRoots } from '../conformance/authorization/mesh-certificates.ts';
import { EchoUpstreams } from '../conformance/echo-upstreams.ts';
import { DiscoveryServer } from '../conformance/envoy/discovery-server.ts';
import { envoyMissing } from '../conformance/envoy/envoy-program.ts';
import {
  certificateSecret,
  rootsSecret,
  startConfiguredEnvoy,
  stockExtensions,
} from '../conformance/envoy/real-envoy.ts';

const upstreams = new EchoUpstreams();
const server = new DiscoveryServer();
let port = 0;

before(async () => {
  port = await server.listen();
});
after(async () => {
  server.close();
  await upstreams.close();
});

/** The first case of a group waits for the group's Envoy. */
const testTimeoutMs = 300_000;

const secrets = [
  certificateSecret('default', identityOf('spiffe://cluster.local/ns/default/sa/web')),
  rootsSecret('ROOTCA', meshRoots),
];

const startCaseEnvoy: typeof startCaseProxy = async (one, listeners, own) => {
  const address = nextAddress();
  const options = { address, extensions: stockExtensions };
  const resources = await caseConfiguration(one, listeners, own, options);
  const envoy = await startConfiguredEnvoy([...resources, ...secrets], { server, port });
  return { address, port: (name) => envoy.port(name), stop: () => envoy.stop() };
};

const cases = authorizationCases().filter(({ only }) => only !== 'simulation');

for (const { cases: group, endpointOf, stop } of caseGroups(cases, upstreams, startCaseEnvoy)) {
  describe('by Envoy', { skip: envoyMissing }, () => {
    // One Envoy at a time.
    after(stop);
    for (const one of group) {
      for (const [suffix, ask, applies] of protocols) {
        if (!applies(one)) continue;
        const skip = one.notInEnvoy ?? false;
        test(one.name + suffix, { timeout: testTimeoutMs, skip }, async () => {
          await checkCase(one, ask, { endpoint: await endpointOf(one), upstreams });
        });
      }
    }
  });
}
