import type { PodBackend, PodRef } from './pod-backend.ts';

/** What a streaming request is about, after routing, authentication and authorization. */
export interface StreamTarget {
  readonly ref: PodRef;
  readonly subresource: 'log' | 'exec' | 'attach' | 'portforward' | 'proxy';
  /** `proxy`: the port of the pod. Default 80. */
  readonly port?: number;
  /** `proxy`: the path asked of the pod, with its leading slash. Default `/`. */
  readonly path?: string;
  readonly query: URLSearchParams;
  readonly pods: PodBackend;
}
