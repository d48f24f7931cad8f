import type { PolicyRequest } from '@lateen/routing';
import { DynamicMetadata } from '../http/dynamic-metadata.ts';
import { type ConnectionFacts, policyConnection } from './policy-view.ts';

/** A connection that asks to be let in. */
export interface GatedConnection extends ConnectionFacts {
  /** `address:port` of the other end. */
  readonly remoteLabel: string;
  readonly metadata: DynamicMetadata;
  readonly request: PolicyRequest;
  /** Why it is not let in (`%CONNECTION_TERMINATION_DETAILS%`); set by the gate that says so. */
  denial: string;
}

/** Decides about connections before their first byte is used. */
export interface NetworkGate {
  /** True or false at once, or later through `done`; `undefined` says later. */
  admit(connection: GatedConnection, done: (admitted: boolean) => void): boolean | undefined;
}

/** A connection as gates see it. */
export const gatedConnection = (facts: ConnectionFacts, remoteLabel: string): GatedConnection => {
  const metadata = new DynamicMetadata();
  const connection = policyConnection(facts);
  return {
    ...facts,
    remoteLabel,
    metadata,
    denial: '',
    request: {
      connection,
      remoteAddress: connection.sourceAddress,
      head: undefined,
      dynamicMetadata: (namespace, path) => metadata.read(namespace, path),
      routeMetadata: () => undefined,
      filterState: () => undefined,
    },
  };
};

/** Runs a connection through gates in their order; the first that says no ends it. */
export const passGates = (
  gates: readonly NetworkGate[],
  connection: GatedConnection,
  done: (admitted: boolean) => void,
  from = 0,
): void => {
  for (let at = from; at < gates.length; at++) {
    const admitted = gates[at]?.admit(connection, (later) => {
      if (later) passGates(gates, connection, done, at + 1);
      else done(false);
    });
    if (admitted === undefined) return;
    if (!admitted) {
      done(false);
      return;
    }
  }
  done(true);
};
