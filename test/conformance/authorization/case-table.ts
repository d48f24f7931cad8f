import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { KubeObject } from '@lateen/api';
import { readMeshConfigText } from '@lateen/pilot';
import type { MeshConfig } from '@lateen/translator';
import { parse, parseAllDocuments, stringify } from 'yaml';
import type { CertificateFlaw } from './mesh-certificates.ts';
import { type TokenText, testIssuer, testJwks } from './test-tokens.ts';

/** Status of the answer, or that there is none: the connection is reset or the handshake fails. */
export type Verdict = 200 | 400 | 401 | 403 | 404 | 'refused' | 'asks';

interface CaseText {
  /** `GET /path`, or `TCP 9000`. */
  readonly request: string;
  readonly verdict: Verdict;
  readonly name?: string;
  readonly with?: readonly string[];
  readonly host?: string;
  /** Service account of the client's certificate, `namespace/account`, or a whole SPIFFE id. Absent: plaintext. */
  readonly as?: string;
  /** What is wrong with that certificate. */
  readonly flaw?: CertificateFlaw;
  /** Loopback address of the client. */
  readonly source?: string;
  readonly token?: TokenText | string;
  /** The token goes where no client puts it: `%` stands for it in header lines and in the path. */
  readonly port?: number;
  /** What a client sees when the provider that is asked has answered. */
  readonly answered?: 200 | 401 | 403;
  /** An attempt to get around the policy: it must never be delivered. */
  readonly bypass?: boolean;
  /** Only one of the two ways can show it. */
  readonly only?: 'simulation' | 'sockets';
  /** The request byte for byte, for sockets. */
  readonly raw?: string;
  /** Stock Envoy does otherwise: why. */
  readonly notInEnvoy?: string;
}

interface GroupText {
  readonly name: string;
  /** `spec` of AuthorizationPolicies for `web`; `metadata` may be given. */
  readonly policies?: readonly PolicyText[];
  /** `jwtRules` of a RequestAuthentication for `web`. */
  readonly tokens?: readonly Readonly<Record<string, unknown>>[];
  /** `spec.mtls` of a PeerAuthentication, or a whole spec. */
  readonly peer?: Readonly<Record<string, unknown>>;
  readonly objects?: readonly KubeObject[];
  /** Fields of MeshConfig. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly as?: string;
  /** A Gateway gets the requests instead of the workload. */
  readonly gateway?: string;
  readonly cases: readonly CaseText[];
}

interface PolicyText {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** A case with all it stands on. */
export interface AuthorizationCase {
  readonly name: string;
  readonly group: object;
  readonly objects: readonly KubeObject[];
  readonly config: Partial<MeshConfig>;
  readonly gateway: string | undefined;
  readonly method: string;
  readonly path: string;
  readonly isTcp: boolean;
  readonly port: number;
  readonly host: string;
  readonly headers: readonly string[];
  readonly principal: string | undefined;
  readonly flaw: CertificateFlaw | undefined;
  readonly source: string;
  readonly token: TokenText | undefined;
  readonly verdict: Verdict;
  readonly answered: 200 | 401 | 403 | undefined;
  readonly bypass: boolean;
  readonly only: CaseText['only'];
  readonly raw: string | undefined;
  readonly notInEnvoy: string | undefined;
}

const folder = join(import.meta.dirname, 'testdata');

/** Where clients come from unless a case says otherwise. */
const defaultSource = '127.0.0.1';
const httpPort = 8080;
const tcpPort = 9000;

const mesh = (): readonly KubeObject[] =>
  parseAllDocuments(readFileSync(join(folder, 'mesh.yaml'), 'utf8'), { version: '1.1' })
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);

const selector = { selector: { matchLabels: { app: 'web' } } };

const securityObject = (kind: string, name: string, spec: object, metadata: object = {}) =>
  ({
    apiVersion: 'security.istio.io/v1',
    kind,
    metadata: { name, namespace: 'default', ...metadata },
    spec,
  }) as unknown as KubeObject;

const policyObject = ({ metadata, ...spec }: PolicyText, index: number): KubeObject => {
  const target = metadata?.['everywhere'] === true || 'selector' in spec ? {} : selector;
  const { everywhere: _, ...rest } = metadata ?? {};
  return securityObject('AuthorizationPolicy', `policy-${index}`, { ...target, ...spec }, rest);
};

const jwtRule = (rule: Readonly<Record<string, unknown>>) => ({
  issuer: testIssuer,
  ...('jwksUri' in rule ? {} : { jwks: testJwks }),
  ...rule,
});

const securityObjects = ({ policies = [], tokens, peer }: GroupText, isGateway: boolean) => {
  const target = isGateway ? { selector: { matchLabels: { istio: 'ingressgateway' } } } : selector;
  const place = isGateway ? { namespace: 'istio-system' } : {};
  return [
    ...policies.map(policyObject),
    ...(tokens === undefined
      ? []
      : [
          securityObject(
            'RequestAuthentication',
            'tokens',
            { ...target, jwtRules: tokens.map(jwtRule) },
            place,
          ),
        ]),
    ...(peer === undefined
      ? []
      : [securityObject('PeerAuthentication', 'peer', 'mtls' in peer ? peer : { mtls: peer })]),
  ];
};

const principalOf = (text: string | undefined): string | undefined => {
  if (text === undefined || text === '') return undefined;
  if (text.startsWith('spiffe://')) return text;
  const [namespace, account] = text.includes('/') ? text.split('/') : ['default', text];
  return `spiffe://cluster.local/ns/${namespace}/sa/${account}`;
};

const tokenOf = (token: CaseText['token']): TokenText | undefined => {
  if (token === undefined) return undefined;
  if (token === 'good') return {};
  return typeof token === 'string' ? { text: token } : token;
};

/** A set of cases with what they stand on. */
interface Scope {
  readonly group: GroupText;
  readonly behaviour: string;
  readonly objects: readonly KubeObject[];
  readonly config: Partial<MeshConfig>;
}

const requestOf = (text: CaseText) => {
  const space = text.request.indexOf(' ');
  const method = text.request.slice(0, space);
  const isTcp = method === 'TCP';
  return {
    isTcp,
    method: isTcp ? 'GET' : method,
    path: isTcp ? '/' : text.request.slice(space + 1),
    port: text.port ?? (isTcp ? tcpPort : httpPort),
    host: text.host ?? 'web',
    headers: text.with ?? [],
    raw: text.raw,
  };
};

const titleOf = ({ name, request, with: headers = [], as = '', port, source }: CaseText): string =>
  name ?? [request, ...headers, as, port, source].filter((part) => part).join(' ');

const caseOf = (
  text: CaseText,
  { group, behaviour, objects, config }: Scope,
): AuthorizationCase => ({
  name: `${behaviour}: ${group.name}: ${titleOf(text)}`,
  ...{ group, objects, config, gateway: group.gateway },
  ...requestOf(text),
  principal: principalOf(text.as ?? group.as),
  flaw: text.flaw,
  source: text.source ?? defaultSource,
  token: tokenOf(text.token),
  verdict: text.verdict,
  answered: text.answered,
  bypass: text.bypass ?? false,
  only: text.only,
  notInEnvoy: text.notInEnvoy,
});

const configOf = ({ config }: GroupText): Partial<MeshConfig> => {
  if (config === undefined) return {};
  const { value, diagnostics } = readMeshConfigText(stringify(config));
  if (value === undefined) throw new Error(JSON.stringify(diagnostics));
  return value;
};

const readTable = (path: string): readonly AuthorizationCase[] => {
  const behaviour = basename(path, '.yaml');
  const groups = parse(readFileSync(path, 'utf8'), { merge: true }) as readonly GroupText[];
  return groups.flatMap((group) => {
    const own = securityObjects(group, group.gateway !== undefined);
    const objects = [...mesh(), ...own, ...(group.objects ?? [])];
    const scope = { group, behaviour, objects, config: configOf(group) };
    return group.cases.map((text) => caseOf(text, scope));
  });
};

/** Every case of `testdata/*.yaml`. */
export const authorizationCases = (): readonly AuthorizationCase[] =>
  globSync(join(folder, '*.yaml'))
    .filter((path) => basename(path) !== 'mesh.yaml')
    .toSorted()
    .flatMap(readTable);
