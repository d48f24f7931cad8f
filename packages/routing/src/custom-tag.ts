import type { CustomTag as CustomTagMessage } from '@lateen/xds/gen/envoy/type/tracing/v3/custom_tag_pb.js';
import type { Findings } from './findings.ts';
import { compileFormatWith } from './format.ts';
import type { CustomTag } from './tracing-settings.ts';

type MetadataTag = Extract<CustomTag, { readonly kind: 'metadata' }>;
type MetadataMessage = Extract<CustomTagMessage['type'], { case: 'metadata' }>['value'];

const compileMetadata = (
  tag: string,
  message: MetadataMessage,
  findings: Findings,
  path: string,
): MetadataTag => {
  const { metadataKey, kind } = message;
  const namespace = metadataKey?.key ?? '';
  if (namespace === '') findings.error(`${path}.metadata_key.key`, 'FieldRequired', 'is required');
  return {
    kind: 'metadata',
    tag,
    of: kind?.kind.case ?? 'request',
    namespace,
    path: (metadataKey?.path ?? []).map(({ segment }) => segment.value ?? ''),
    fallback: message.defaultValue,
  };
};

const compileOne = (
  message: CustomTagMessage,
  findings: Findings,
  path: string,
): readonly CustomTag[] => {
  const { tag, type } = message;
  if (tag === '') findings.error(`${path}.tag`, 'FieldRequired', 'is required');
  switch (type.case) {
    case 'literal':
      return [{ kind: 'literal', tag, value: type.value.value }];
    case 'environment': {
      const { name: variable, defaultValue: fallback } = type.value;
      return [{ kind: 'environment', tag, variable, fallback }];
    }
    case 'requestHeader': {
      const { name, defaultValue: fallback } = type.value;
      return [{ kind: 'request-header', tag, header: name.toLowerCase(), fallback }];
    }
    case 'metadata':
      return [compileMetadata(tag, type.value, findings, `${path}.metadata`)];
    case 'value': {
      const format = compileFormatWith(type.value, findings, { path: `${path}.value`, empty: '' });
      return [{ kind: 'format', tag, format }];
    }
    default:
      findings.warning(path, 'FieldUnsupported', 'this kind of tag is not known');
      return [];
  }
};

/** Compiles tags; of several with one name the last counts. */
export const compileCustomTags = (
  messages: readonly CustomTagMessage[],
  findings: Findings,
  path: string,
): readonly CustomTag[] => {
  const tags = messages.flatMap((message, index) =>
    compileOne(message, findings, `${path}[${index}]`),
  );
  return [...new Map(tags.map((tag) => [tag.tag, tag])).values()];
};

/** A route's tags over its listener's. */
export const mergeCustomTags = (
  base: readonly CustomTag[],
  over: readonly CustomTag[],
): readonly CustomTag[] =>
  over.length === 0 ? base : [...new Map([...base, ...over].map((tag) => [tag.tag, tag])).values()];
