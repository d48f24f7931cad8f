import { isHttpProtocol, type PortProtocol } from '@lateen/api';

/** Undeclared: the proxy finds out by looking at the first bytes. */
export const isSniffed = (protocol: PortProtocol): boolean => protocol === 'Auto';

/** Handled by an HTTP connection manager, at least where the bytes turn out to be HTTP. */
export const isHttpOrSniffed = (protocol: PortProtocol): boolean =>
  isHttpProtocol(protocol) || isSniffed(protocol);
