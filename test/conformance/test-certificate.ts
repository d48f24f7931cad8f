import { createCertificateAuthority } from '@lateen/identity';

const lifetimeMs = 60 * 60 * 1000;

let made: { readonly cert: string; readonly key: string } | undefined;

/** One certificate for every server of the tests, made once: names are not what the rows are about. */
export const testCertificate = (): { readonly cert: string; readonly key: string } => {
  if (made !== undefined) return made;
  const clock = { nowMs: () => Date.now() } as Parameters<typeof createCertificateAuthority>[1];
  const authority = createCertificateAuthority({ commonName: 'conformance' }, clock);
  const { certificate, key } = authority.issue({
    subject: { commonName: 'example.com' },
    altNames: [{ kind: 'dns', value: '*.example.com' }],
    lifetimeMs,
  });
  made = { cert: certificate, key };
  return made;
};
