import type { Dice, FormatContext } from '@lateen/routing';
import type { ClusterDirectory } from '../../http/connection-manager.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { ResponseFlag } from '../../http/response-flag.ts';
import type { UpstreamConnection } from '../../http/upstream-connection.ts';
import type { MessageHead } from '../../http1/head-parser.ts';
import type { HeaderBlock } from '../../http1/header-block.ts';
import type { RequestSpan } from '../../tracing/request-span.ts';

/** What the router needs from the exchange it routes. */
export interface RouterHost extends Exchange {
  readonly upgrade: string | undefined;
  readonly requestDone: boolean;
  readonly responseStarted: boolean;
  readonly span: RequestSpan | undefined;
  readonly manager: {
    readonly settings: { readonly proxy100Continue: boolean; readonly streamIdleTimeoutMs: number };
    readonly deps: {
      readonly dice: Dice;
      readonly nowMs: () => number;
      readonly newRequestId: () => string;
      readonly clusters: ClusterDirectory;
    };
  };
  formatContext(): FormatContext;
  setDeadline(atMs: number): void;
  startResponse(upstream: UpstreamConnection): void;
  startConnectTunnel(): void;
  sendInterim(response: MessageHead): void;
  responseBytes(upstream: UpstreamConnection, bytes: Buffer, start: number, end: number): boolean;
  flushResponse(): void;
  endResponse(trailers?: HeaderBlock): void;
  resetResponse(flag: ResponseFlag, details: string): void;
}
