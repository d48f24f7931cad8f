import { fieldPath } from '../../schema/field-path.ts';
import type { PeerAuthenticationSpec } from '../peer-authentication.ts';
import { checkPort } from './field.ts';
import { type Findings, invalid, missing } from './finding.ts';
import { checkPolicySelector } from './policy-target.ts';

/** A PeerAuthentication: port settings need a selector. */
export const checkPeerAuthentication = (spec: PeerAuthenticationSpec): Findings => {
  const { selector, portLevelMtls } = spec;
  const ports = Object.keys(portLevelMtls ?? {});
  const labels = Object.keys(selector?.matchLabels ?? {});
  return [
    ...checkPolicySelector(selector),
    ...(ports.length > 0 && labels.length === 0
      ? [missing('spec.selector', 'port level mTLS requires a selector with labels')]
      : []),
    ...(portLevelMtls !== undefined && ports.length === 0
      ? [missing('spec.portLevelMtls', 'port level mTLS must name at least one port')]
      : []),
    ...ports.flatMap((port) => {
      const path = fieldPath('spec.portLevelMtls', port);
      return /^\d+$/.test(port)
        ? checkPort(Number(port), path)
        : [invalid(path, `"${port}" is not a port number`)];
    }),
  ];
};
