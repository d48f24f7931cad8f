import type { KubeObject } from '../../object.ts';
import type { JsonSchema, ResourceKind } from '../../resource-kind.ts';
import { isRecord } from '../../schema/json-value.ts';
import { validateSchema } from '../../schema/validation.ts';
import { istioKinds } from '../istio-kinds.ts';
import { checkAuthorizationPolicy } from './authorization-policy.ts';
import { checkDestinationRule } from './destination-rule.ts';
import { checkEnvoyFilter, checkProxyConfig, checkWasmPlugin } from './extension.ts';
import type { CelProblem, Findings, RegexProblem, ValidationContext } from './finding.ts';
import { checkGateway } from './gateway.ts';
import { checkPeerAuthentication } from './peer-authentication.ts';
import { lightRegexProblem } from './regex.ts';
import { checkRequestAuthentication } from './request-authentication.ts';
import { checkServiceEntry } from './service-entry.ts';
import { checkSidecar } from './sidecar.ts';
import { checkTelemetry } from './telemetry.ts';
import { checkVirtualService } from './virtual-service.ts';
import { checkWorkloadEntry, checkWorkloadGroup } from './workload-entry.ts';

type SpecCheck = (spec: unknown, context: ValidationContext) => Findings;

/** The one place where a spec that passed its kind's schema is taken for that kind's type. */
const forKind =
  <Spec>(check: (spec: Spec, context: ValidationContext) => Findings): SpecCheck =>
  (spec, context) =>
    check(spec as Spec, context);

/** Kind names are unique over Istio's groups, so they identify the check. */
const checks: Readonly<Record<string, SpecCheck>> = {
  AuthorizationPolicy: forKind(checkAuthorizationPolicy),
  DestinationRule: forKind(checkDestinationRule),
  EnvoyFilter: forKind(checkEnvoyFilter),
  Gateway: forKind(checkGateway),
  IstioOperator: () => [],
  PeerAuthentication: forKind(checkPeerAuthentication),
  ProxyConfig: forKind(checkProxyConfig),
  RequestAuthentication: forKind(checkRequestAuthentication),
  ServiceEntry: forKind(checkServiceEntry),
  Sidecar: forKind(checkSidecar),
  Telemetry: forKind(checkTelemetry),
  VirtualService: forKind(checkVirtualService),
  WasmPlugin: forKind(checkWasmPlugin),
  WorkloadEntry: forKind((spec: Parameters<typeof checkWorkloadEntry>[0]) =>
    checkWorkloadEntry(spec),
  ),
  WorkloadGroup: forKind(checkWorkloadGroup),
};

interface Known {
  readonly schema: JsonSchema;
  readonly check: SpecCheck;
}

const checkOf = ({ kind }: ResourceKind): SpecCheck => checks[kind] ?? (() => []);

/** `apiVersion/kind` → how to check it. */
const known: ReadonlyMap<string, Known> = new Map(
  istioKinds.flatMap((kind) =>
    kind.versions.map(({ name, schema }) => [
      `${kind.group}/${name}/${kind.kind}`,
      { schema, check: checkOf(kind) },
    ]),
  ),
);

/** What the caller can bring to `validateIstioObject`. */
export interface IstioValidationOptions {
  /** An RE2 engine's opinion of a pattern. Default: a light check that never refuses what RE2 takes. */
  readonly regexProblem?: RegexProblem;
  /** An engine's opinion of an expression. Default: all are taken. */
  readonly celProblem?: CelProblem;
}

/**
 * What istiod's validating webhook would say of an object: errors refuse it, warnings travel with it, each with
 * the path of its field. Shape comes first: when the schema objects, only those findings are returned.
 * Unknown fields are not looked at (see `findUnknownFields`); other kinds and anything that is no object pass.
 */
export const validateIstioObject = (
  object: Pick<KubeObject, 'apiVersion' | 'kind'>,
  { regexProblem = lightRegexProblem, celProblem = () => undefined }: IstioValidationOptions = {},
): Findings => {
  if (!isRecord(object)) return [];
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return [];
  const found = known.get(`${apiVersion}/${kind}`);
  if (found === undefined) return [];
  const shape = validateSchema(found.schema, object);
  if (shape.length > 0) return shape;
  return found.check(Reflect.get(object, 'spec') ?? {}, { regexProblem, celProblem });
};
