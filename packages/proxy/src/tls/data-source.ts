import { readFileSync } from 'node:fs';
import type { DataSource } from '@lateen/routing';
import { ProxyError } from '../proxy-error.ts';

/** Reads a `DataSource`. Throws `ProxyError` `CertificateInvalid` when it is not there. */
export const readDataSource = (source: DataSource): Buffer => {
  if (source.kind === 'inline') return Buffer.from(source.bytes);
  if (source.kind === 'file') {
    try {
      return readFileSync(source.path);
    } catch (cause) {
      throw new ProxyError('CertificateInvalid', `cannot read ${source.path}`, { cause });
    }
  }
  const value = process.env[source.name];
  if (value === undefined) {
    throw new ProxyError('CertificateInvalid', `environment variable ${source.name} is not set`);
  }
  return Buffer.from(value);
};
