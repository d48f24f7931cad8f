export {
  type AdjustableLog,
  createAdjustableLog,
  isLogLevel,
} from './admin/adjustable-log.ts';
export { parseBootstrap, readBootstrap } from './bootstrap/read-bootstrap.ts';
export { type ProxyDependencies, type ProxyServer, startProxy } from './proxy.ts';
export { ProxyError, type ProxyErrorCode } from './proxy-error.ts';
export { type CertificateSecret, SecretStore } from './tls/secret-store.ts';
