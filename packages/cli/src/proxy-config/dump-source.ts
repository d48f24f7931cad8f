import { readFileSync } from 'node:fs';
import { asRecord, type JsonRecord } from '@lateen/xds/json-record';
import { type DumpSection, dumpSection } from './config-dump.ts';
import type { ProxyAdmin } from './pod-admin.ts';
import { ProxyConfigError } from './proxy-config-error.ts';

/** Where a proxy's configuration is read. All reject with ProxyConfigError. */
export interface DumpSource {
  /** `/config_dump`, endpoints included. */
  configDump(): Promise<JsonRecord>;
  /** `/clusters?format=json`. */
  clusters(): Promise<JsonRecord>;
}

const parse = (json: string, where: string): JsonRecord => {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new ProxyConfigError('bad-answer', `${where} is not JSON`, cause);
  }
  return asRecord(value);
};

/** A running proxy. */
export const liveSource = (admin: ProxyAdmin): DumpSource => ({
  configDump: async () => parse(await admin.get('/config_dump?include_eds'), '/config_dump'),
  clusters: async () => parse(await admin.get('/clusters?format=json'), '/clusters'),
});

/** A file that holds what one of the two pages answered; `-` is standard input. */
export const fileSource = (file: string): DumpSource => {
  const read = async (): Promise<JsonRecord> => {
    let json: string;
    try {
      json = readFileSync(file === '-' ? 0 : file, 'utf8');
    } catch (cause) {
      throw new ProxyConfigError('bad-file', `cannot read ${file}`, cause);
    }
    return parse(json, file);
  };
  return { configDump: read, clusters: read };
};

/** A section that must be there. @throws ProxyConfigError `bad-answer`. */
export const requireSection = (dump: JsonRecord, section: DumpSection): JsonRecord => {
  const found = dumpSection(dump, section);
  if (found === undefined)
    throw new ProxyConfigError(
      'bad-answer',
      `config dump has no configuration type type.googleapis.com/envoy.admin.v3.${section}`,
    );
  return found;
};
