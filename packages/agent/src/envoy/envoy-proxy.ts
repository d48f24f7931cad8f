import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, LogLevel } from '@lateen/base';
import type { Bootstrap } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { AgentError } from '../agent-error.ts';
import { EnvoyAdmin } from './envoy-admin.ts';
import { EnvoyStatus } from './envoy-status.ts';

/** How an Envoy is run in the place of our own proxy. */
export interface EnvoyOptions {
  /** Its program. */
  readonly binary: string;
  /** File of the bootstrap; a named pipe is made beside it. */
  readonly configPath: string;
  readonly bootstrap: Bootstrap;
  /** Serves readiness and metrics there (15020, 15021, 15090). Default: nowhere. */
  readonly statusAddress: string | undefined;
  readonly logLevel: LogLevel;
  readonly log: Logger;
  /** It ended by itself. */
  readonly onExit: (reason: string) => void;
}

/** A running proxy, as far as its agent goes. */
export interface CompanionProxy {
  readonly adminAddress: string | undefined;
  /** Takes no new connections, and resolves when the last one has ended or the time is over. */
  drain(timeoutMs: number): Promise<void>;
}

/**
 * Envoy opens `/dev/stdout` for access logs, which a process cannot whose output is a socket, as Node's
 * children's is: a named pipe and `cat` stand between.
 */
const withPipe = 'rm -f "$0"; mkfifo -m 600 "$0"; cat <"$0" & exec "$@" >"$0" 2>&1';

/** As Istio runs it: Envoy is talkative, about what it will not take some day (`misc`) most of all. */
const logFlags = (level: LogLevel): readonly string[] =>
  level === 'debug'
    ? ['--log-level', 'debug']
    : [
        ...['--log-level', level === 'error' ? 'error' : 'warning'],
        ...['--component-log-level', 'misc:error'],
      ];

/**
 * As Istio runs it: connections of a listener that changed are asked to end with their next answer, so that a
 * new policy holds for them too, and not after ten minutes.
 */
const drainFlags = ['--drain-time-s', '45', '--drain-strategy', 'immediate'];

/** Its connections are ours. */
const adminListener = 'listener.admin.';

/** How often an Envoy that drains is asked for its connections. */
const drainPollMs = 100;

class EnvoyProxy implements CompanionProxy {
  readonly adminAddress: string;
  readonly #admin: EnvoyAdmin;
  readonly #status: EnvoyStatus;
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;
  #isStopping = false;

  constructor(options: EnvoyOptions, adminAddress: string) {
    const { binary, configPath, logLevel, onExit } = options;
    this.adminAddress = adminAddress;
    this.#admin = new EnvoyAdmin(adminAddress);
    this.#status = new EnvoyStatus(this.#admin);
    const flags = ['--disable-hot-restart', '--concurrency', '2', ...drainFlags];
    const pipe = join(dirname(configPath), 'stdout.pipe');
    const words = ['-c', withPipe, pipe, binary, '-c', configPath, ...flags, ...logFlags(logLevel)];
    this.#child = spawn('/bin/sh', words, { stdio: ['ignore', 'inherit', 'inherit'] });
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#child.once('error', (error) => resolve(error.message));
    this.#child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    this.#exited = promise;
    void promise.then((reason) => {
      if (!this.#isStopping) onExit(reason);
    });
  }

  async listen(address: string): Promise<void> {
    await this.#status.listen(address);
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    this.#status.markDraining();
    try {
      await this.#admin.ask('/drain_listeners?graceful&skip_exit', 'POST');
      for (
        let waitedMs = 0;
        waitedMs < timeoutMs && (await this.#isBusy());
        waitedMs += drainPollMs
      )
        await delay(drainPollMs);
    } catch {
      // It does not answer: there is nothing to wait for.
    }
    this.#child.kill('SIGTERM');
    await this.#exited;
    this.#status.close();
  }

  async #isBusy(): Promise<boolean> {
    const active = await this.#admin.numbers('^listener\\..*\\.downstream_cx_active$');
    return [...active].some(([name, count]) => count > 0 && !name.startsWith(adminListener));
  }
}

/**
 * Starts an Envoy with a bootstrap of ours, which says where its secrets and its configuration come from.
 * Rejects with AgentError `bad-option` (its admin pages must be on a Unix socket) or `listen-failed`.
 */
export const startEnvoy = async (options: EnvoyOptions): Promise<CompanionProxy> => {
  const { bootstrap, binary, log, statusAddress } = options;
  const address = bootstrap.admin?.address?.address;
  if (address?.case !== 'pipe')
    throw new AgentError('bad-option', 'an Envoy needs admin.address.pipe in its bootstrap');
  const proxy = new EnvoyProxy(options, address.value.path);
  log.info('Envoy started', { binary });
  if (statusAddress !== undefined) await proxy.listen(statusAddress);
  return proxy;
};
