/** FNV-1a, 32 bits. */
const offsetBasis = 2_166_136_261;
const prime = 16_777_619;

/**
 * `%CONNECTION_ID%`: the same for all that happens on a connection, by the addresses of both its ends, so
 * that nothing has to be kept for it. A connection that has the ports of an earlier one has its id.
 */
export const connectionId = (remoteLabel: string, localLabel: string): number => {
  let hash = offsetBasis;
  const text = `${remoteLabel} ${localLabel}`;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), prime);
  }
  return hash >>> 0;
};
