import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Where an app listens unless told otherwise: not the wildcard, as the pod's address belongs to its proxy. */
const DEFAULT_HOST = '127.0.0.1';

/** How long requests in flight may take after SIGTERM: above the longest time-out of the samples (10 s), below the 30 s after which Kubernetes kills. */
const DRAIN_LIMIT_MS = 15_000;

/** Writes one line of the access log to stdout. */
export function logToStdout(line: string): void {
  process.stdout.write(`${line}\n`);
}

/**
 * Makes `server` this process's app: listens at `HOST` and `PORT`, says so on stdout, and ends on SIGTERM or
 * SIGINT once the requests in flight are answered (exit code 0). An address that cannot be had ends the process with code 1.
 * @param name what the lines on stdout call it
 * @param defaultPort used when `PORT` is not set
 */
export function runApp(name: string, server: Server, defaultPort = 9080): void {
  const host = process.env['HOST'] ?? DEFAULT_HOST;
  const wanted = process.env['PORT'] ?? String(defaultPort);
  const port = Number(wanted);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    process.stderr.write(`${name}: PORT is "${wanted}", expected a number from 0 to 65535\n`);
    process.exitCode = 1;
    return;
  }
  server.on('error', (error) => {
    process.stderr.write(`${name}: cannot listen on ${host}:${port}: ${error.message}\n`);
    process.exit(1);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, host, () => {
    const address = server.address() as AddressInfo;
    process.stdout.write(`${name} listening on ${address.address}:${address.port}\n`);
  });
  process.once('SIGTERM', () => drain(name, server, sockets));
  process.once('SIGINT', () => drain(name, server, sockets));
}

function drain(name: string, server: Server, sockets: ReadonlySet<Socket>): void {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  // Node counts a connection that never carried a request as busy; a proxy may hold some of those ready.
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  process.stdout.write(`${name} takes no more requests\n`);
  setTimeout(() => process.exit(0), DRAIN_LIMIT_MS).unref();
}
