import { Socket } from 'node:net';

/** Fires when the user, the system, or the end of the launcher asks for an end. */
export const stopSignal = (background: boolean): AbortSignal => {
  const stop = new AbortController();
  const onSignal = (): void => {
    // The second time means now; the death pipes take care of the rest.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  const descriptor = process.env['LATEEN_LAUNCHER_FD'];
  if (descriptor !== undefined && !background) {
    const launcher = new Socket({ fd: Number(descriptor) });
    launcher.on('error', () => undefined);
    launcher.on('close', () => stop.abort());
    launcher.resume();
    launcher.unref();
  }
  return stop.signal;
};

/** Resolves when the signal fires. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
