import type { TLSSocket } from 'node:tls';
import type { HttpConnectionManagerSettings, PeerCertificate } from '@lateen/routing';
import type { MessageHead } from '../http1/head-parser.ts';
import { type ConnectionTls, connectionTls } from './connection-tls.ts';

const header = 'x-forwarded-client-cert';

type Details = HttpConnectionManagerSettings['clientCertDetails'];

type Mode = HttpConnectionManagerSettings['forwardClientCert'];
const keepingModes: ReadonlySet<Mode> = new Set(['forward-only', 'append-forward']);
const settingModes: ReadonlySet<Mode> = new Set(['append-forward', 'sanitize-set']);

/** Values end at commas and semicolons, so those that hold one are quoted. */
const quoted = (value: string): string =>
  `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

const plain = (value: string): string => (/[,;="]/.test(value) ? quoted(value) : value);

/** Percent-encoded as Envoy does it: everything but letters, digits and a few marks. */
const encodePem = (pem: string): string => encodeURIComponent(pem);

const detailsOf = (peer: PeerCertificate, details: Details): readonly string[] => {
  const list = (key: string, values: readonly string[]): string[] =>
    values.length === 0 ? [`${key}=`] : values.map((value) => `${key}=${plain(value)}`);
  return [
    ...(details.cert ? [`Cert="${encodePem(peer.pem)}"`] : []),
    ...(details.chain ? [`Chain="${encodePem(peer.pem)}"`] : []),
    ...(details.subject ? [`Subject=${quoted(peer.subject)}`] : []),
    ...(details.uri ? list('URI', peer.uriSans) : []),
    ...(details.dns && peer.dnsSans.length > 0 ? list('DNS', peer.dnsSans) : []),
  ];
};

/** One element of the header: who we are, and who the client is. */
const elementOf = ({ local }: ConnectionTls, peer: PeerCertificate, details: Details): string =>
  [
    ...local.uriSans.map((uri) => `By=${plain(uri)}`),
    `Hash=${peer.fingerprint}`,
    ...detailsOf(peer, details),
  ].join(';');

/** Elements by connection: built once. */
const elements = new WeakMap<PeerCertificate, string>();

const rememberedElement = (
  facts: ConnectionTls,
  peer: PeerCertificate,
  details: Details,
): string => {
  const known = elements.get(peer);
  if (known !== undefined) return known;
  const element = elementOf(facts, peer, details);
  elements.set(peer, element);
  return element;
};

/**
 * Keeps, replaces or extends `x-forwarded-client-cert` (`forward_client_cert_details`). What a client
 * without a certificate claims is dropped, but for `ALWAYS_FORWARD_ONLY`.
 */
export const forwardClientCertificate = (
  request: MessageHead,
  socket: TLSSocket | undefined,
  settings: Pick<HttpConnectionManagerSettings, 'forwardClientCert' | 'clientCertDetails'>,
): void => {
  const { forwardClientCert: mode, clientCertDetails: details } = settings;
  if (mode === 'always-forward-only') return;
  const facts = socket === undefined ? undefined : connectionTls(socket);
  const peer = facts?.peer;
  const isKept = peer !== undefined && keepingModes.has(mode);
  const before = request.indexOf(header) < 0 ? undefined : request.get(header);
  if (before !== undefined && !isKept) request.remove(header);
  if (facts === undefined || peer === undefined || !settingModes.has(mode)) return;
  const element = rememberedElement(facts, peer, details);
  request.set(header, isKept && before !== undefined ? `${before},${element}` : element);
};
