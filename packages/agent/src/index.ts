export { type Agent, type AgentOptions, startAgent } from './agent.ts';
export { AgentError, type AgentErrorCode } from './agent-error.ts';
export type { Credentials } from './certificate-client.ts';
export { maxSocketPathBytes } from './secret-server.ts';
export { type CertificateSettings, readSettings, type SettingFlags } from './settings.ts';
export type { WorkloadSecrets } from './workload-certificate.ts';
