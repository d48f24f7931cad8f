import {
  metadataAt,
  type PolicyConnection,
  type PolicyRequest,
  type RequestHead,
} from '@lateen/routing';
import type { SimulatedRequest } from './request.ts';

/** What filters write while a request passes them. */
export class RequestState {
  head: RequestHead | undefined;
  /** What `head` reads its headers from. */
  readonly headers: Map<string, string>;
  readonly #repeated: SimulatedRequest['repeated'];
  readonly #metadata: Record<string, Record<string, unknown>> = {};
  readonly connection: PolicyConnection;
  readonly remoteAddress: string;
  /** Of the route selected first. */
  routeMetadata: Readonly<Record<string, unknown>> = {};

  constructor(parts: {
    readonly head: RequestHead | undefined;
    readonly headers: Map<string, string>;
    readonly repeated?: SimulatedRequest['repeated'];
    readonly connection: PolicyConnection;
    readonly remoteAddress: string;
  }) {
    this.head = parts.head;
    this.headers = parts.headers;
    this.#repeated = parts.repeated;
    this.connection = parts.connection;
    this.remoteAddress = parts.remoteAddress;
  }

  write(namespace: string, values: Readonly<Record<string, unknown>>): void {
    this.#metadata[namespace] = { ...this.#metadata[namespace], ...values };
  }

  readonly read = (namespace: string, path: readonly string[]): unknown =>
    metadataAt(this.#metadata, [namespace, ...path]);

  /** As they came: where a filter has written since, they are no more. */
  #linesOf(name: string): readonly string[] {
    const lines = this.#repeated?.get(name) ?? [];
    return lines.join(',') === this.headers.get(name) ? lines : [];
  }

  /** The request as policies see it now. */
  subject(): PolicyRequest {
    const { head, connection, remoteAddress, routeMetadata } = this;
    return {
      ...{ head, connection, remoteAddress },
      headerLines: (name) => this.#linesOf(name),
      dynamicMetadata: this.read,
      routeMetadata: (namespace, path) => metadataAt(routeMetadata, [namespace, ...path]),
      // Nothing here writes filter state.
      filterState: () => undefined,
    };
  }
}

/** The address a request came from: as trusted hops say (`use_remote_address`, `xff_num_trusted_hops`). */
export const remoteAddressOf = (
  direct: string,
  forwarded: string | undefined,
  settings: { readonly useRemoteAddress: boolean; readonly trustedHops: number },
): string => {
  const addresses = (forwarded ?? '').split(',');
  const { useRemoteAddress, trustedHops } = settings;
  if (useRemoteAddress && trustedHops === 0) return direct;
  const fromRight = useRemoteAddress ? trustedHops - 1 : trustedHops;
  return addresses.at(-1 - fromRight)?.trim() || direct;
};
