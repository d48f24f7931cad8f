import type { EnvVar, Pod } from '@lateen/api';
import type { Checked } from '@lateen/base';
import { parse } from 'yaml';

const annotation = 'proxy.istio.io/config';

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Environment variables that a pod sets for its own proxy: `proxyMetadata` of the ProxyConfig in its
 * annotation `proxy.istio.io/config`. What cannot be read is a warning and sets nothing.
 */
export const proxyMetadata = ({ metadata }: Pod): Checked<readonly EnvVar[]> => {
  const text = metadata.annotations?.[annotation];
  if (text === undefined) return { value: [], diagnostics: [] };
  const refuse = (message: string): Checked<readonly EnvVar[]> => ({
    value: [],
    diagnostics: [
      {
        severity: 'warning',
        code: 'IST0125',
        path: `metadata.annotations["${annotation}"]`,
        message,
      },
    ],
  });
  let config: unknown;
  try {
    config = parse(text);
  } catch (error) {
    return refuse(`is not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isFields(config)) return refuse('is not a ProxyConfig');
  const entries = config['proxyMetadata'] ?? {};
  if (!isFields(entries)) return refuse('proxyMetadata is not a mapping');
  const value = Object.entries(entries).map(([name, one]) => ({ name, value: String(one) }));
  return { value, diagnostics: [] };
};
