import http2 from 'node:http2';
import type { Http2Settings } from '@lateen/routing';

/** Streams a client may have open when the configuration names no number. Envoy's default. */
const defaultMaxStreams = 1024;
/** Bytes a sender may have on its way on one stream, before we have passed some on. */
const defaultStreamWindowBytes = 262_144;
/** The same for a connection: several busy streams share it. */
const defaultConnectionWindowBytes = 1_048_576;
/** Configured windows above this are cut: they are memory of ours that the peer may fill. */
const maxWindowBytes = 16_777_216;
/** Memory of one session for heads, queues and frames on their way. Megabytes. */
const maxSessionMegabytes = 32;
/** Frames without sense (on closed streams, of unknown kind) before a session ends. */
const maxInvalidFrames = 100;
/** Streams refused (too many at once) before a session ends. */
const maxRejectedStreams = 1000;
/** Settings in one frame. */
const maxSettingsEntries = 32;
/** Resets by the client in one burst and, beyond it, each second (the library's own guard). */
const resetBurst = 1000;
const resetsPerSecond = 100;
/** Largest head we send: what the client side accepts is up to it. */
const maxSentHeadBytes = 262_144;
/** Pings of ours without an answer. */
const maxOutstandingPings = 4;

const windowOf = (configured: number | undefined, fallback: number): number =>
  Math.min(configured ?? fallback, maxWindowBytes);

/** Bytes of a connection's window. */
export const connectionWindowBytes = (settings: Http2Settings): number =>
  windowOf(settings.initialConnectionWindowBytes, defaultConnectionWindowBytes);

/** Streams at once on a session whose peer says nothing. */
export const maxStreams = (settings: Http2Settings): number =>
  settings.maxConcurrentStreams ?? defaultMaxStreams;

/** Bounds of a head: bytes and lines. */
export interface HeadLimits {
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
}

const sharedOptions = (limits: HeadLimits) => ({
  maxSessionMemory: maxSessionMegabytes,
  maxHeaderListPairs: limits.maxHeaders,
  maxSendHeaderBlockLength: maxSentHeadBytes,
  maxOutstandingPings,
  maxSettings: maxSettingsEntries,
  maxSessionInvalidFrames: maxInvalidFrames,
  maxSessionRejectedStreams: maxRejectedStreams,
  // Repeated lines pass as they came: they are for the receiver to judge.
  strictSingleValueFields: false,
});

/** Options of a session with a client. */
export const serverOptions = (
  settings: Http2Settings,
  limits: HeadLimits,
): http2.ServerSessionOptions => ({
  ...sharedOptions(limits),
  ...{ streamResetBurst: resetBurst, streamResetRate: resetsPerSecond },
  settings: {
    enablePush: false,
    enableConnectProtocol: settings.allowConnect,
    maxConcurrentStreams: maxStreams(settings),
    initialWindowSize: windowOf(settings.initialStreamWindowBytes, defaultStreamWindowBytes),
    maxHeaderListSize: limits.maxHeadBytes,
  },
});

/** Options of a session with an endpoint. */
export const clientOptions = (
  settings: Http2Settings,
  limits: HeadLimits,
): http2.ClientSessionOptions => ({
  ...sharedOptions(limits),
  peerMaxConcurrentStreams: maxStreams(settings),
  settings: {
    enablePush: false,
    initialWindowSize: windowOf(settings.initialStreamWindowBytes, defaultStreamWindowBytes),
    maxHeaderListSize: limits.maxHeadBytes,
  },
});

/** On the last frame of a message. */
export const endStreamFlag: number = http2.constants.NGHTTP2_FLAG_END_STREAM;

/** Error codes of RFC 9113 section 7 that we send or understand. */
export const errorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  refusedStream: 7,
  cancel: 8,
  enhanceYourCalm: 11,
} as const;
