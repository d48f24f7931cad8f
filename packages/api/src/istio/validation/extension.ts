import type { EnvoyConfigPatch, EnvoyFilterSpec } from '../envoy-filter.ts';
import type { ProxyConfigSpec } from '../proxy-config.ts';
import type { WasmPluginSpec } from '../wasm-plugin.ts';
import { checkSelectorLabels } from './field.ts';
import {
  conflict,
  deprecated,
  duplicate,
  type Findings,
  forEachItem,
  invalid,
  missing,
} from './finding.ts';

/** What part of the Envoy configuration each target matches on. */
const matchField: Readonly<Record<string, 'listener' | 'routeConfiguration' | 'cluster'>> = {
  LISTENER: 'listener',
  FILTER_CHAIN: 'listener',
  NETWORK_FILTER: 'listener',
  HTTP_FILTER: 'listener',
  LISTENER_FILTER: 'listener',
  ROUTE_CONFIGURATION: 'routeConfiguration',
  VIRTUAL_HOST: 'routeConfiguration',
  HTTP_ROUTE: 'routeConfiguration',
  CLUSTER: 'cluster',
};

const checkPatchTarget = ({ applyTo, match }: EnvoyConfigPatch, path: string): Findings => {
  if (applyTo === undefined || applyTo === 'INVALID')
    return [missing(`${path}.applyTo`, 'say which part of the configuration to patch')];
  if (applyTo === 'BOOTSTRAP')
    return [deprecated(`${path}.applyTo`, 'BOOTSTRAP is deprecated: use a custom bootstrap')];
  const wanted = Object.hasOwn(matchField, applyTo) ? matchField[applyTo] : undefined;
  const others = (['listener', 'routeConfiguration', 'cluster'] as const).filter(
    (field) => match?.[field] !== undefined && wanted !== undefined && field !== wanted,
  );
  return others.map((field) =>
    conflict(`${path}.match.${field}`, `${applyTo} is matched by ${wanted}`),
  );
};

const checkPatch = (one: EnvoyConfigPatch, path: string): Findings => {
  const { applyTo, patch } = one;
  const found = [...checkPatchTarget(one, path)];
  if (patch === undefined) return [...found, missing(`${path}.patch`, 'say what to change')];
  const { operation, value } = patch;
  if (operation === undefined || operation === 'INVALID')
    found.push(missing(`${path}.patch.operation`, 'say how to change it: MERGE, ADD, REMOVE …'));
  else if (operation !== 'REMOVE' && value === undefined)
    found.push(missing(`${path}.patch.value`, `${operation} needs the configuration to apply`));
  if (operation === 'REPLACE' && applyTo !== 'NETWORK_FILTER' && applyTo !== 'HTTP_FILTER')
    found.push(
      invalid(`${path}.patch.operation`, 'REPLACE works on NETWORK_FILTER and HTTP_FILTER only'),
    );
  return found;
};

/** An EnvoyFilter: each patch says what, how and with what. */
export const checkEnvoyFilter = (spec: EnvoyFilterSpec): Findings => [
  ...checkSelectorLabels(spec.workloadSelector?.labels, 'spec.workloadSelector.labels'),
  ...forEachItem(spec.configPatches, 'spec.configPatches', checkPatch),
];

/** A ProxyConfig: selector and image variant. */
export const checkProxyConfig = ({ selector, image }: ProxyConfigSpec): Findings => [
  ...checkSelectorLabels(selector?.matchLabels, 'spec.selector.matchLabels'),
  ...(image?.imageType === undefined || /^[\w.-]*$/.test(image.imageType)
    ? []
    : [invalid('spec.image.imageType', `"${image.imageType}" is not an image variant`)]),
];

const pluginSchemes: readonly string[] = ['oci', 'file', 'http', 'https'];

const checkUrl = (url: string): Findings => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase() ?? 'oci';
  return pluginSchemes.includes(scheme)
    ? []
    : [invalid('spec.url', `url scheme "${scheme}" must be one of ${pluginSchemes.join(', ')}`)];
};

/** A WasmPlugin: where it comes from and its variables. */
export const checkWasmPlugin = (spec: WasmPluginSpec): Findings => {
  const env = spec.vmConfig?.env ?? [];
  const names = env.map((one) => one.name);
  return [
    ...checkSelectorLabels(spec.selector?.matchLabels, 'spec.selector.matchLabels'),
    ...checkUrl(spec.url),
    ...forEachItem(env, 'spec.vmConfig.env', ({ name, valueFrom, value }, path, index) => [
      ...(names.indexOf(name) < index
        ? [duplicate(`${path}.name`, `duplicate variable "${name}"`)]
        : []),
      ...(valueFrom === 'HOST' && value
        ? [conflict(`${path}.value`, 'must not be set when the value comes from HOST')]
        : []),
    ]),
  ];
};
