export type {
  AdmissionAnswer,
  AdmissionPlugin,
  AdmissionRequest,
} from './admission/admission.ts';
export {
  ApiError,
  type ErrorSubject,
  type StatusObject,
  type StatusReason,
} from './api-error.ts';
export {
  type Authenticator,
  bearerTokenAuthenticator,
  clientCertificateAuthenticator,
  serviceAccountUser,
  type UserInfo,
  type VerifyToken,
} from './auth/authentication.ts';
export {
  type AccessAttributes,
  type AccessDecision,
  type AccessRule,
  type Authorizer,
  ruleAuthorizer,
} from './auth/authorization.ts';
export { type ApiServer, type ApiServerOptions, startApiServer } from './server.ts';
export type {
  ExecOptions,
  ExecSession,
  LogOptions,
  PodBackend,
  PodRef,
} from './streams/pod-backend.ts';
