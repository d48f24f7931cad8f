import { create } from '@bufbuild/protobuf';
import { status as grpcStatus, type handleUnaryCall } from '@grpc/grpc-js';
import { formatDiagnostic, type Logger } from '@lateen/base';
import { formatSpiffeId, parseSigningRequest } from '@lateen/identity';
import {
  type IstioCertificateRequest,
  type IstioCertificateResponse,
  IstioCertificateResponseSchema,
} from '@lateen/xds/gen/istio/v1/auth/ca_pb.js';
import type { PilotMetrics } from '../metrics/pilot-metrics.ts';
import type { Authenticated, IncomingCall, Refusal } from './caller.ts';
import type { MeshAuthority } from './mesh-authority.ts';

export interface CertificateServiceOptions {
  readonly authority: MeshAuthority;
  readonly authenticate: (call: IncomingCall) => Promise<Authenticated>;
  readonly metrics: PilotMetrics;
  readonly log: Logger;
}

type Answer =
  | { readonly response: IstioCertificateResponse; readonly refusal?: undefined }
  | { readonly response?: undefined; readonly refusal: Refusal };

/** Metadata field by which Istio's node agents ask for the certificate of another workload. */
const impersonation = 'ImpersonatedIdentity';

const requestProblem = ({
  metadata,
  validityDuration,
}: IstioCertificateRequest): Refusal | undefined => {
  if (metadata?.[impersonation] !== undefined)
    return {
      code: grpcStatus.PERMISSION_DENIED,
      message: 'nobody may impersonate others here: there are no trusted node accounts',
    };
  return validityDuration < 0n
    ? { code: grpcStatus.INVALID_ARGUMENT, message: 'validity_duration must not be negative' }
    : undefined;
};

/** Whose certificate it is comes from the caller alone; of the request counts the key. */
const issue = async (
  call: IncomingCall & { readonly request: IstioCertificateRequest },
  { authority, authenticate, metrics, log }: CertificateServiceOptions,
): Promise<Answer> => {
  metrics.csrCount.add(1);
  const { caller, refusal } = await authenticate(call);
  if (refusal !== undefined) {
    metrics.authenticationFailures.add(1);
    return { refusal };
  }
  const problem = requestProblem(call.request);
  if (problem !== undefined) return { refusal: problem };
  const { value, diagnostics } = parseSigningRequest(call.request.csr);
  if (value === undefined) {
    metrics.csrParsingErrors.add(1);
    const message = diagnostics.map(formatDiagnostic).join('; ');
    return { refusal: { code: grpcStatus.INVALID_ARGUMENT, message } };
  }
  const seconds = Number(call.request.validityDuration);
  const lifetimeMs = seconds === 0 ? undefined : seconds * 1000;
  const certChain = authority.signWorkload(value.publicKey, caller.identity, lifetimeMs);
  metrics.certificatesIssued.add(1);
  log.debug('certificate issued', {
    identity: formatSpiffeId(caller.identity),
    by: caller.source,
    peer: call.getPeer(),
  });
  return { response: create(IstioCertificateResponseSchema, { certChain: [...certChain] }) };
};

/** `istio.v1.auth.IstioCertificateService/CreateCertificate`. */
export const createCertificateHandler =
  (
    options: CertificateServiceOptions,
  ): handleUnaryCall<IstioCertificateRequest, IstioCertificateResponse> =>
  (call, callback) => {
    const { log } = options;
    issue(call, options).then(
      ({ response, refusal }) => {
        if (refusal === undefined) return callback(null, response);
        log.warn('certificate refused', { peer: call.getPeer(), reason: refusal.message });
        callback({ code: refusal.code, details: refusal.message });
      },
      (error: unknown) => {
        log.error('certificate not issued', { peer: call.getPeer(), reason: String(error) });
        callback({ code: grpcStatus.INTERNAL, details: 'istiod failed to issue a certificate' });
      },
    );
  };
