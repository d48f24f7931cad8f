import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Certificates for one test server, PEM. */
export interface TestCertificates {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  /** User `admin` in group `system:masters`. */
  readonly client: { readonly cert: string; readonly key: string };
}

const openssl = (folder: string, args: readonly string[]): void => {
  execFileSync('openssl', [...args], { cwd: folder, stdio: 'pipe' });
};

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An authority of a day with a server certificate for 127.0.0.1 and an administrator's. */
export const createTestCertificates = (): TestCertificates => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-certificates-'));
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const issue = (name: string, subject: string, extension: string) => {
    writeFileSync(join(folder, `${name}.ext`), extension);
    openssl(folder, [
      ...['req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject],
    ]);
    openssl(folder, [
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-days', '1'],
      ...['-CAcreateserial', '-extfile', `${name}.ext`, '-out', `${name}.crt`],
    ]);
    return { cert: read(`${name}.crt`), key: read(`${name}.key`) };
  };
  try {
    openssl(folder, [
      ...['req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '1'],
      ...['-subj', '/CN=test authority'],
    ]);
    const server = issue('server', '/CN=server', 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    const client = issue('client', '/O=system:masters/CN=admin', 'extendedKeyUsage=clientAuth\n');
    return { ca: read('ca.crt'), server, client };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
