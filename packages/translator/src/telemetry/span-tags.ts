import { create } from '@bufbuild/protobuf';
import {
  type CustomTag,
  CustomTagSchema,
} from '@lateen/xds/gen/envoy/type/tracing/v3/custom_tag_pb.js';
import type { CustomTagInput } from '../input/telemetry.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';

const literal = (tag: string, value: string): CustomTag =>
  create(CustomTagSchema, { tag, type: { case: 'literal', value: { value } } });

/** Who made a span. The agent's labels, as Istio takes them. */
const serviceTags = ({ labels, meshId, namespace, clusterId }: ProxyDescriptor): CustomTag[] => [
  literal(
    'istio.canonical_revision',
    labels.get('service.istio.io/canonical-revision') || 'latest',
  ),
  literal('istio.canonical_service', labels.get('service.istio.io/canonical-name') || 'unknown'),
  literal('istio.mesh_id', meshId || 'unknown'),
  literal('istio.namespace', namespace || 'default'),
  literal('istio.cluster_id', clusterId || 'unknown'),
];

/** What policies that are only tried out (`istio.io/dry-run`) would have done; absent without any. */
const dryRunTag = (name: string, key: string): CustomTag =>
  create(CustomTagSchema, {
    tag: `istio.authorization.dry_run.${name}`,
    type: {
      case: 'metadata',
      value: {
        kind: { kind: { case: 'request', value: {} } },
        metadataKey: {
          key: 'envoy.filters.http.rbac',
          path: [{ segment: { case: 'key', value: key } }],
        },
      },
    },
  });

const dryRunTags: readonly CustomTag[] = [
  dryRunTag('allow_policy.name', 'istio_dry_run_allow_shadow_effective_policy_id'),
  dryRunTag('allow_policy.result', 'istio_dry_run_allow_shadow_engine_result'),
  dryRunTag('deny_policy.name', 'istio_dry_run_deny_shadow_effective_policy_id'),
  dryRunTag('deny_policy.result', 'istio_dry_run_deny_shadow_engine_result'),
];

const customTag = (
  tag: string,
  { literal: fixed, environment, header, formatter }: CustomTagInput,
): CustomTag | undefined => {
  if (fixed !== undefined) return literal(tag, fixed.value ?? '');
  if (formatter !== undefined) {
    return create(CustomTagSchema, { tag, type: { case: 'value', value: formatter.value ?? '' } });
  }
  const source = environment ?? header;
  if (source === undefined) return undefined;
  const value = { name: source.name ?? '', defaultValue: source.defaultValue ?? '' };
  return create(CustomTagSchema, {
    tag,
    type: environment ? { case: 'environment', value } : { case: 'requestHeader', value },
  });
};

const compareTags = (left: CustomTag, right: CustomTag): number =>
  left.tag === right.tag ? 0 : left.tag < right.tag ? -1 : 1;

/** All tags of a proxy's spans, by name. */
export const spanTags = (
  proxy: ProxyDescriptor,
  custom: ReadonlyMap<string, CustomTagInput> | undefined,
  enableIstioTags: boolean,
): CustomTag[] =>
  [
    ...(enableIstioTags ? [...serviceTags(proxy), ...dryRunTags] : []),
    ...[...(custom ?? [])].flatMap(([tag, input]) => customTag(tag, input) ?? []),
  ].sort(compareTags);
