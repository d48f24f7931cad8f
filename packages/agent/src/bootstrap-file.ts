import { readFile } from 'node:fs/promises';
import { createRegistry, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { parseBootstrap } from '@lateen/proxy';
import {
  type Bootstrap,
  BootstrapSchema,
} from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { UpstreamTlsContextSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { AgentError } from './agent-error.ts';

/** The one message inside an Any of the bootstraps that our runtime writes: TLS to istiod. */
const usualType = `type.googleapis.com/${UpstreamTlsContextSchema.typeName}`;

const usesUsualTypesOnly = (text: string): boolean =>
  [...text.matchAll(/"@type"\s*:\s*"([^"]*)"/g)].every(([, type]) => type === usualType);

/**
 * Reads a bootstrap without loading the registry of all of Envoy's messages (a tenth of a second and
 * some megabytes a proxy) when it needs one of them only. Rejects with AgentError `bad-option` or the
 * proxy's `BootstrapInvalid`.
 */
export const readBootstrapFile = async (path: string): Promise<Bootstrap> => {
  let text: string;
  let json: JsonValue;
  try {
    text = await readFile(path, 'utf8');
    json = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw new AgentError('bad-option', `cannot read the bootstrap ${path}`, { cause });
  }
  if (!usesUsualTypesOnly(text)) return parseBootstrap(json);
  try {
    return fromJson(BootstrapSchema, json, {
      registry: createRegistry(UpstreamTlsContextSchema),
      ignoreUnknownFields: true,
    });
  } catch {
    // The proxy's own reader says what is wrong with it.
    return parseBootstrap(json);
  }
};
