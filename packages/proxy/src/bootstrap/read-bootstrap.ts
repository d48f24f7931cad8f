import { readFile } from 'node:fs/promises';
import { fromJson, type JsonValue, type Registry } from '@bufbuild/protobuf';
import { loadTypeRegistry } from '@lateen/xds';
import {
  type Bootstrap,
  BootstrapSchema,
} from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { ProxyError } from '../proxy-error.ts';

/** Parses a bootstrap in protobuf JSON. Throws `ProxyError` `BootstrapInvalid`. */
export const parseBootstrap = async (json: JsonValue): Promise<Bootstrap> => {
  // The registry is large: only a bootstrap with messages inside Any needs it.
  const needsRegistry = JSON.stringify(json).includes('"@type"');
  const registry: Registry | undefined = needsRegistry ? await loadTypeRegistry() : undefined;
  try {
    return fromJson(BootstrapSchema, json, {
      ...(registry && { registry }),
      ignoreUnknownFields: true,
    });
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new ProxyError('BootstrapInvalid', `not an Envoy v3 Bootstrap: ${what}`, { cause });
  }
};

/** Reads a bootstrap file. Throws `ProxyError` `BootstrapInvalid`. */
export const readBootstrap = async (path: string): Promise<Bootstrap> => {
  let json: JsonValue;
  try {
    json = JSON.parse(await readFile(path, 'utf8')) as JsonValue;
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new ProxyError('BootstrapInvalid', `cannot read ${path}: ${what}`, { cause });
  }
  return parseBootstrap(json);
};
