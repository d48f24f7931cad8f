import type { Container, EnvFromSource, EnvVar, KeySelector, Pod } from '@lateen/api';
import { ConfigMissing, type ConfigSource, configMapFiles, secretFiles } from './config-source.ts';
import { type PodAddresses, readPodField } from './pod-field.ts';
import { serviceEnvironment } from './service-environment.ts';
import { expandVariables } from './variable-expansion.ts';

/** What the variables of one container come from. */
export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly addresses: PodAddresses;
  readonly config: ConfigSource;
  /** Of the image; the container's own win. */
  readonly imageEnv: Readonly<Record<string, string>>;
  /** Set by the runtime for every process (PATH, HOME ...); all others win. */
  readonly base: Readonly<Record<string, string>>;
  /** Where the app has to listen: these win over all others, or the pod's address would be lost. */
  readonly listen: Readonly<Record<string, string>>;
}

const isVariableName = (name: string): boolean => /^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name);

interface SourceRef {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly optional: boolean;
}

const readSource = (
  ref: SourceRef,
  namespace: string,
  config: ConfigSource,
): Map<string, Buffer> | undefined => {
  const found =
    ref.kind === 'ConfigMap'
      ? config.configMap(namespace, ref.name)
      : config.secret(namespace, ref.name);
  if (found !== undefined)
    return ref.kind === 'Secret' ? secretFiles(found) : configMapFiles(found);
  if (ref.optional) return undefined;
  throw new ConfigMissing(`${ref.kind.toLowerCase()} "${ref.name}" not found`);
};

const readKey = (
  ref: KeySelector,
  kind: SourceRef['kind'],
  input: EnvironmentInput,
): string | undefined => {
  const optional = ref.optional === true;
  const namespace = input.pod.metadata.namespace ?? 'default';
  const value = readSource({ kind, name: ref.name ?? '', optional }, namespace, input.config)?.get(
    ref.key,
  );
  if (value === undefined && !optional)
    throw new ConfigMissing(`couldn't find key ${ref.key} in ${kind} ${namespace}/${ref.name}`);
  return value?.toString('utf8');
};

const readFrom = (from: EnvFromSource, input: EnvironmentInput): Record<string, string> => {
  const namespace = input.pod.metadata.namespace ?? 'default';
  const kind = from.configMapRef === undefined ? 'Secret' : 'ConfigMap';
  const ref = from.configMapRef ?? from.secretRef;
  if (ref === undefined) return {};
  const source = { kind, name: ref.name ?? '', optional: ref.optional === true } as const;
  const files = readSource(source, namespace, input.config) ?? new Map<string, Buffer>();
  return Object.fromEntries(
    [...files]
      .map(([key, value]): [string, string] => [`${from.prefix ?? ''}${key}`, value.toString()])
      .filter(([name]) => isVariableName(name)),
  );
};

/** Undefined for an optional key that is not there: the variable is then not set. */
const readValue = (
  { name, value, valueFrom }: EnvVar,
  input: EnvironmentInput,
  known: Readonly<Record<string, string>>,
): string | undefined => {
  if (valueFrom === undefined) return expandVariables(value ?? '', known);
  if (valueFrom.configMapKeyRef !== undefined)
    return readKey(valueFrom.configMapKeyRef, 'ConfigMap', input);
  if (valueFrom.secretKeyRef !== undefined) return readKey(valueFrom.secretKeyRef, 'Secret', input);
  if (valueFrom.resourceFieldRef !== undefined)
    return readResource(input.container, valueFrom.resourceFieldRef.resource);
  const path = valueFrom.fieldRef?.fieldPath ?? '';
  const field = readPodField(input.pod, path, input.addresses);
  if (field === undefined)
    throw new ConfigMissing(`env ${name}: fieldPath "${path}" is not supported`);
  return field;
};

/** Quantity of a limit or request as written; a container without one may use the whole machine. */
const readResource = ({ resources = {} }: Container, path: string): string => {
  const [list = '', resource = ''] = path.split(/\.(.*)/s);
  const quantities = list === 'limits' ? resources.limits : resources.requests;
  return String(quantities?.[resource] ?? '0');
};

/**
 * The environment of a container: the runtime's, services, image, `envFrom`, `env` in this order, then
 * the listening address.
 * @throws ConfigMissing when a ConfigMap, Secret or key is not there.
 */
export const containerEnvironment = (input: EnvironmentInput): Record<string, string> => {
  const { pod, container, config } = input;
  const services = serviceEnvironment(
    config.services(),
    pod.metadata.namespace ?? 'default',
    pod.spec.enableServiceLinks !== false,
  );
  const result: Record<string, string> = { ...input.base, ...services, ...input.imageEnv };
  for (const from of container.envFrom ?? []) Object.assign(result, readFrom(from, input));
  for (const variable of container.env ?? []) {
    const value = readValue(variable, input, result);
    if (value !== undefined) result[variable.name] = value;
  }
  return { ...result, ...input.listen };
};
