import type { Clock, Logger } from '@lateen/base';
import { SecretServer } from './secret-server.ts';
import type { CertificateSettings } from './settings.ts';
import { WorkloadCertificate, type WorkloadSecrets } from './workload-certificate.ts';

export interface AgentOptions {
  readonly settings: CertificateSettings;
  /** Unix socket on which the proxy gets its secrets (cluster `sds-grpc`). */
  readonly socketPath: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1). */
  readonly jitter: () => number;
}

/** A running agent: it has, or will have, a certificate, and serves it by SDS. */
export interface Agent {
  /** What there is now; keys included, for the proxy of this process. */
  readonly secrets: WorkloadSecrets;
  /** Resolves with the first certificate. */
  readonly certified: Promise<void>;
  /** Ends all streams, removes the socket, forgets the key. */
  close(): void;
}

/**
 * Serves secrets at once and gets a certificate in the background, however long that takes: whoever
 * subscribes is answered when there is one. Rejects with AgentError `listen-failed`.
 */
export const startAgent = async (options: AgentOptions): Promise<Agent> => {
  const { settings, socketPath, clock, log, jitter } = options;
  const certified = Promise.withResolvers<void>();
  const certificate = new WorkloadCertificate({
    settings,
    clock,
    log,
    jitter,
    onChange: (secrets) => {
      if (secrets.certificate !== undefined) certified.resolve();
      server.push();
    },
  });
  const server = new SecretServer({ clock, log, secrets: () => certificate.secrets });
  try {
    await server.listen(socketPath);
  } catch (error) {
    certificate.close();
    throw error;
  }
  certificate.start();
  return {
    get secrets() {
      return certificate.secrets;
    },
    certified: certified.promise,
    close: () => {
      certificate.close();
      server.close();
    },
  };
};
