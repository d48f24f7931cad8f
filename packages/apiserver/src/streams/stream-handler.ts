import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream } from 'ws';
import { ApiError } from '../api-error.ts';
import { channelClient } from './channel-socket.ts';
import type { ExecClient } from './exec-client.ts';
import { holdOutputs, relayExec } from './exec-relay.ts';
import type { ExecOptions, ExecSession } from './pod-backend.ts';
import { serveLog } from './pod-log.ts';
import { proxyUpgrade, serveProxy } from './pod-proxy.ts';
import { servePortForward } from './port-forward.ts';
import { remoteCommandVersions, spdyExecClient } from './spdy-exec.ts';
import { refuseUpgrade, sendFailure, toApiError } from './stream-failure.ts';
import type { StreamTarget } from './stream-target.ts';
import { acceptWebSocket, offeredProtocols } from './web-socket-upgrade.ts';

export type { StreamTarget } from './stream-target.ts';

/** A request to upgrade, with the connection it came on. */
interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly target: StreamTarget;
  /** The client was told yes: from now on HTTP answers would be garbage to it. */
  switched: boolean;
}

/** How often the system checks that a silent client still exists. */
const keepAliveMs = 30_000;

const channelProtocols: readonly string[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const spdyProtocol = 'SPDY/3.1';
const portForwardProtocol = 'portforward.k8s.io';
const tunnelProtocol = `${spdyProtocol}+${portForwardProtocol}`;

/** Nothing to talk in: kubectl falls back to its older protocol on this answer. */
const noProtocol = (offered: readonly string[], supported: readonly string[]): ApiError =>
  new ApiError(
    'Forbidden',
    `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${supported.join(' ')}]`,
  );

const choose = (offered: readonly string[], supported: readonly string[]): string => {
  const chosen = supported.find((protocol) => offered.includes(protocol));
  if (chosen === undefined) throw noProtocol(offered, supported);
  return chosen;
};

const isTrue = (query: URLSearchParams, name: string): boolean =>
  ['true', '1'].includes(query.get(name) ?? '');

const execOptions = ({ query, subresource }: StreamTarget): ExecOptions => {
  const options = {
    command: query.getAll('command'),
    stdin: isTrue(query, 'stdin'),
    stdout: isTrue(query, 'stdout'),
    stderr: isTrue(query, 'stderr'),
    tty: isTrue(query, 'tty'),
  };
  if (subresource === 'exec' && options.command.length === 0)
    throw new ApiError('BadRequest', 'you must specify at least 1 command for the container');
  if (!(options.stdin || options.stdout || options.stderr))
    throw new ApiError('BadRequest', 'you must specify at least one of stdin, stdout, stderr');
  return options;
};

const startSession = ({ pods, ref, subresource }: StreamTarget, options: ExecOptions) =>
  subresource === 'exec' ? pods.exec(ref, options) : pods.attach(ref, options);

const streamVersions = ({ headers }: IncomingMessage): readonly string[] =>
  [headers['x-stream-protocol-version'] ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .map((version) => version.trim());

const switchToSpdy = (socket: Duplex, version: string): void => {
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Connection: Upgrade',
      `Upgrade: ${spdyProtocol}`,
      `X-Stream-Protocol-Version: ${version}`,
      '\r\n',
    ].join('\r\n'),
  );
};

/** Runs the process first, so that a pod which is not there is a plain HTTP error to the client. */
const relayTo = async (
  upgrade: Upgrade,
  connect: (options: ExecOptions) => Promise<ExecClient | undefined>,
): Promise<void> => {
  const options = execOptions(upgrade.target);
  const session: ExecSession = await startSession(upgrade.target, options);
  const held = holdOutputs(session);
  let client: ExecClient | undefined;
  try {
    client = await connect(options);
  } catch {
    // The client left before the process had anyone to talk to.
  }
  if (client === undefined) session.kill();
  else await relayExec(held, client);
};

const execByWebSocket = (upgrade: Upgrade): Promise<void> => {
  const { request, socket, head } = upgrade;
  const protocol = choose(offeredProtocols(request), channelProtocols);
  return relayTo(upgrade, async (options) => {
    upgrade.switched = true;
    const accepted = await acceptWebSocket(request, socket, head, protocol);
    return accepted && channelClient(accepted, options);
  });
};

const execBySpdy = (upgrade: Upgrade): Promise<void> => {
  const { request, socket, head } = upgrade;
  const version = choose(streamVersions(request), remoteCommandVersions);
  return relayTo(upgrade, (options) => {
    upgrade.switched = true;
    switchToSpdy(socket, version);
    return spdyExecClient(socket, head, options, version);
  });
};

const forwardByWebSocket = async (upgrade: Upgrade): Promise<void> => {
  const { request, socket, head, target } = upgrade;
  choose(offeredProtocols(request), [tunnelProtocol]);
  upgrade.switched = true;
  const accepted = await acceptWebSocket(request, socket, head, tunnelProtocol);
  if (accepted === undefined) return;
  await servePortForward(createWebSocketStream(accepted), Buffer.alloc(0), target);
};

const forwardBySpdy = (upgrade: Upgrade): Promise<void> => {
  const { request, socket, head, target } = upgrade;
  const version = choose(streamVersions(request), [portForwardProtocol]);
  upgrade.switched = true;
  switchToSpdy(socket, version);
  return servePortForward(socket, head, target);
};

const serveUpgrade = (upgrade: Upgrade): Promise<void> => {
  const { request, target } = upgrade;
  const { subresource } = target;
  if (subresource === 'proxy') return proxyUpgrade(request, upgrade.socket, upgrade.head, target);
  if (subresource === 'log') throw new ApiError('BadRequest', 'logs are read without an upgrade');
  const wanted = (request.headers.upgrade ?? '').toLowerCase();
  if (wanted === 'websocket')
    return subresource === 'portforward' ? forwardByWebSocket(upgrade) : execByWebSocket(upgrade);
  if (wanted === spdyProtocol.toLowerCase())
    return subresource === 'portforward' ? forwardBySpdy(upgrade) : execBySpdy(upgrade);
  throw new ApiError('BadRequest', `unable to upgrade: ${wanted} is not supported`);
};

/**
 * Serves an upgrade request of exec, attach, portforward or proxy until its connection ends. Never
 * rejects: failures before the upgrade become Status answers, those after it end the connection.
 */
export const handleStream = async (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: StreamTarget,
): Promise<void> => {
  const connection = socket as Partial<Socket>;
  connection.setTimeout?.(0);
  connection.setNoDelay?.(true);
  connection.setKeepAlive?.(true, keepAliveMs);
  socket.on('error', () => undefined);
  const upgrade: Upgrade = { request, socket, head, target, switched: false };
  try {
    await serveUpgrade(upgrade);
  } catch (error) {
    if (upgrade.switched) socket.destroy();
    else if (!socket.destroyed) refuseUpgrade(socket, toApiError(error));
  }
};

const serve = (
  request: IncomingMessage,
  response: ServerResponse,
  target: StreamTarget,
): Promise<void> => {
  if (target.subresource === 'log') return serveLog(response, target);
  if (target.subresource === 'proxy') return serveProxy(request, response, target);
  throw new ApiError('BadRequest', 'Upgrade request required');
};

/**
 * Answers pods/log and pods/proxy; exec, attach and portforward without an upgrade are refused.
 * Never rejects: failures become Status answers.
 */
export const servePodSubresource = async (
  request: IncomingMessage,
  response: ServerResponse,
  target: StreamTarget,
): Promise<void> => {
  try {
    await serve(request, response, target);
  } catch (error) {
    sendFailure(response, toApiError(error));
  }
};
