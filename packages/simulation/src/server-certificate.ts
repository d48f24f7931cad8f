import type { UpstreamTransport } from '@lateen/routing';
import type { MeshConfig, ProxyDescriptor } from '@lateen/translator';
import type { MeshView } from './mesh-views.ts';
import { type Sentence, say } from './sentence.ts';

/** SPIFFE id of a proxy's certificate. */
export const identityOf = (
  { namespace, serviceAccount }: ProxyDescriptor,
  { trustDomain }: Pick<MeshConfig, 'trustDomain'>,
): string => `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;

/** Who speaks TLS to whom. */
export interface HandshakeParties {
  readonly caller: MeshView;
  readonly receiver: MeshView;
  /** Of the receiver's certificate. */
  readonly identity: string;
}

const trusts = (one: MeshView, other: MeshView): boolean =>
  one.trust === undefined ||
  other.trust === undefined ||
  other.trust.own.some((root) => one.trust?.trusted.includes(root));

const rootProblem = ({ caller, receiver }: HandshakeParties): Sentence | undefined => {
  if (caller.clusterId === receiver.clusterId) return undefined;
  for (const [one, other] of [
    [caller, receiver],
    [receiver, caller],
  ] as const) {
    if (!trusts(one, other)) {
      return say('rootUntrusted', { one: one.clusterId, other: other.clusterId });
    }
  }
  return undefined;
};

/**
 * Why mutual TLS to a workload fails whatever its port takes: roots of other clusters, and the name that
 * the caller's proxy expects. Undefined: it does not.
 */
export const certificateProblem = (
  transport: UpstreamTransport,
  parties: HandshakeParties,
): Sentence | undefined => {
  if (transport.kind !== 'tls') return undefined;
  const root = rootProblem(parties);
  if (root !== undefined) return say('failedHandshake', { reason: root });
  const names = transport.tls.validation?.subjectNames ?? [];
  const { identity } = parties;
  const isExpected =
    names.length === 0 ||
    names.some(({ type, match }) => type !== 'dns' && match.matches(identity));
  return isExpected
    ? undefined
    : say('failedHandshake', { reason: say('serverUnexpected', { identity }) });
};
