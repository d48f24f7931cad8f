/** Each message of `analyze`: a manifest that gets it, where it is said, and one that does not. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { runWords } from '../testing/run-words.ts';

const root = join(import.meta.dirname, '../../../..');
const folder = join(root, 'packages/cli/testdata/analyze');

/** Level, object, line, column and field of every finding with the code in `CODE.bad.yaml`. */
const expected: Readonly<Record<string, readonly string[]>> = {
  ConflictingPeerAuthentications: ['Warning PeerAuthentication default/b 8:19 metadata.name'],
  DenyRuleGap: [
    'Warning AuthorizationPolicy default/a 11:41 spec.rules[0].to[0].operation.paths[0]',
  ],
  MutualTlsMismatch: ['Error DestinationRule default/web 19:50 spec.trafficPolicy.tls.mode'],
  PolicyWithoutRequestAuthentication: [
    'Warning AuthorizationPolicy default/a 10:32 spec.rules[0].from[0].source.requestPrincipals',
  ],
  TelemetryProviderUnusable: [
    'Warning Telemetry default/a 17:75 spec.accessLogging[0].providers[2].name',
    'Warning Telemetry default/a 17:41 spec.accessLogging[0].providers[0].name',
    'Warning Telemetry default/a 16:35 spec.tracing[0].providers[0].name',
  ],
  FieldNotImplemented: ['Info Gateway default/gw 6:96 spec.servers[0].defaultEndpoint'],
  IST0002: ['Warning VirtualService default/a 7:32 spec.http[0].fault.delay.percent'],
  IST0101: ['Error VirtualService default/a 8:28 spec.http[0].route[0].destination.host'],
  IST0102: ['Info Namespace shop 3:19 metadata.name'],
  IST0103: ['Warning Pod shop/web 7:19 metadata.name'],
  IST0106: ['Error Gateway default/a 6:71 spec.servers[0].tsl'],
  IST0107: ['Warning Service default/a 6:30 metadata.annotations[sidecar.istio.io/inject]'],
  IST0108: ['Warning Service default/a 6:29 metadata.annotations[sidecar.istio.io/injct]'],
  IST0109: [
    'Error VirtualService default/a 8:19 metadata.name',
    'Error VirtualService default/b 16:19 metadata.name',
  ],
  IST0110: [
    'Error Sidecar default/a 8:19 metadata.name',
    'Error Sidecar default/b 15:19 metadata.name',
  ],
  IST0111: [
    'Error Sidecar default/a 3:19 metadata.name',
    'Error Sidecar default/b 9:19 metadata.name',
  ],
  IST0112: ['Error VirtualService default/a 13:28 spec.http[0].route[0].destination.host'],
  IST0116: ['Warning Deployment default/web 3:19 metadata.name'],
  IST0118: ['Info Service default/a 8:47 spec.ports[0].name'],
  IST0123: ['Warning Namespace shop 3:25 metadata.labels'],
  IST0127: ['Warning AuthorizationPolicy default/a 10:3 spec.selector'],
  IST0128: ['Warning DestinationRule default/a 11:33 spec.trafficPolicy.tls.mode'],
  IST0129: [
    'Warning DestinationRule default/a 11:77 spec.trafficPolicy.portLevelSettings[0].tls.mode',
  ],
  IST0130: ['Warning VirtualService default/a 14:5 spec.http[1]'],
  IST0131: ['Info VirtualService default/a 15:7 spec.http[1].match[0]'],
  IST0132: ['Warning VirtualService default/a 18:14 spec.gateways[0]'],
  IST0133: ['Warning DestinationRule default/a 11:44 spec.trafficPolicy.loadBalancer.simple'],
  IST0134: ['Warning ServiceEntry default/a 7:27 spec.ports[0].name'],
  IST0135: ['Info Pod default/a 6:30 metadata.annotations[sidecar.istio.io/inject]'],
  IST0137: ['Warning Deployment default/web 3:19 metadata.name'],
  IST0138: [
    'Warning Gateway default/a 3:19 metadata.name',
    'Warning Gateway default/b 10:19 metadata.name',
  ],
  IST0140: ['Warning VirtualService default/edge 32:36 spec.http[0].route[0].destination.host'],
  IST0144: ['Warning Pod default/web 5:33 spec.securityContext.runAsUser'],
  IST0145: [
    'Error Gateway default/a 6:13 spec.servers[0]',
    'Error Gateway default/b 13:13 spec.servers[0]',
  ],
  IST0146: ['Warning Deployment default/gateway 8:54 spec.template.spec.containers[0].image'],
  IST0147: ['Error Pod default/gateway 4:50 spec.containers[0].image'],
  IST0149: [
    'Error VirtualService default/a 20:26 spec.http[0].match[0].headers[@request.auth.claims.group]',
  ],
  IST0150: ['Warning Service default/out 4:76 spec.ports[0].name'],
  IST0151: ['Warning EnvoyFilter default/a 6:5 spec.configPatches[0]'],
  IST0152: ['Error EnvoyFilter default/a 6:5 spec.configPatches[0]'],
  IST0153: ['Error EnvoyFilter default/a 6:5 spec.configPatches[0]'],
  IST0154: ['Error EnvoyFilter default/a 6:5 spec.configPatches[0]'],
  IST0155: ['Warning EnvoyFilter default/b 15:5 spec.configPatches[0]'],
  IST0157: ['Warning Telemetry default/a 5:19 spec.accessLogging[0]'],
  IST0159: [
    'Error Telemetry default/a 8:19 metadata.name',
    'Error Telemetry default/b 14:19 metadata.name',
  ],
  IST0160: [
    'Error Telemetry default/a 3:19 metadata.name',
    'Error Telemetry default/b 9:19 metadata.name',
  ],
  IST0161: ['Error Gateway default/a 6:129 spec.servers[0].tls.credentialName'],
  IST0162: ['Warning Gateway default/a 6:31 spec.servers[0].port.number'],
  IST0166: ['Warning AuthorizationPolicy default/a 10:3 spec.selector'],
  IST0173: ['Error DestinationRule default/a 17:5 spec.subsets[0]'],
  IST0174: ['Warning DestinationRule default/a 5:9 spec.host'],
};

interface Finding {
  readonly code: string;
  readonly level: string;
  readonly origin: string;
  readonly line: number;
  readonly column: number;
  readonly field: string;
}

const findings = async (file: string): Promise<readonly Finding[]> => {
  const words = ['analyze', '--use-kube=false', '-A', '-o', 'json', join(folder, file)];
  return JSON.parse((await runWords(words)).out) as readonly Finding[];
};

for (const [code, lines] of Object.entries(expected)) {
  test(`${code}: said, and where`, async () => {
    const own = (await findings(`${code}.bad.yaml`)).filter((one) => one.code === code);
    assert.deepEqual(
      own.map(
        ({ level, origin, line, column, field }) => `${level} ${origin} ${line}:${column} ${field}`,
      ),
      lines,
    );
  });

  test(`${code}: not said without need`, async () => {
    const codes = (await findings(`${code}.good.yaml`)).map((one) => one.code);
    assert.ok(!codes.includes(code), codes.join(', '));
  });
}

test('every message there is has its manifests, and every manifest its message', () => {
  const source = readFileSync(join(root, 'packages/analysis/src/message.ts'), 'utf8');
  const codes = new Set(
    [
      ...source.matchAll(
        /'(IST\d{4}|ConflictingPeerAuthentications|DenyRuleGap|FieldNotImplemented|MutualTlsMismatch|PolicyWithoutRequestAuthentication|TelemetryProviderUnusable)'/g,
      ),
    ].map(([, code = '']) => code),
  );
  assert.deepEqual(Object.keys(expected).toSorted(), [...codes].toSorted());
  const files = globSync('*.yaml', { cwd: folder }).map((file) => basename(file));
  const wanted = [...codes].flatMap((code) => [`${code}.bad.yaml`, `${code}.good.yaml`]);
  assert.deepEqual(files.toSorted(), wanted.toSorted());
});

test('the reference lists each message with its level', () => {
  const text = readFileSync(join(root, 'docs/reference-analysis.md'), 'utf8');
  const listed = [
    ...text.matchAll(
      /^\| (IST\d{4}|ConflictingPeerAuthentications|DenyRuleGap|FieldNotImplemented|MutualTlsMismatch|PolicyWithoutRequestAuthentication|TelemetryProviderUnusable) \| (\w+) \|/gm,
    ),
  ].map(([, code = '', level = '']) => `${code} ${level}`);
  const levels = Object.entries(expected).map(
    ([code, [first = '']]) => `${code} ${first.split(' ')[0]}`,
  );
  assert.deepEqual(listed.toSorted(), levels.toSorted());
});
