import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { type RelayRoute, startRelay } from './relay/relay.ts';
import { reasonOf, TelemetryError } from './telemetry-error.ts';

const usage = `usage: relay-main.ts --route HOST:PORT=URL [--route ...]
  Answers on HOST:PORT with what the server at URL says; the path of URL is put in front.
  tcp://HOST:PORT: bytes are passed on as they are.
`;

const parseRoute = (text: string): RelayRoute => {
  const match = /^(.+?):(\d{1,5})=((?:http|tcp):\/\/.+)$/.exec(text);
  const target = match?.[3];
  if (match === null || target === undefined || !URL.canParse(target)) {
    throw new TelemetryError('bad-option', `--route must be HOST:PORT=URL, not "${text}"`);
  }
  return { host: match[1] ?? '', port: Number(match[2]), target: new URL(target) };
};

const run = async (): Promise<void> => {
  const { values } = parseArgs({ options: { route: { type: 'string', multiple: true } } });
  const routes = (values.route ?? []).map(parseRoute);
  if (routes.length === 0) throw new TelemetryError('bad-option', 'no --route');
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  for (const route of routes) {
    await startRelay(route);
    process.stdout.write(`${route.host}:${route.port} answers with ${route.target.href}\n`);
  }
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
};

try {
  await run();
  process.exit(0);
} catch (error) {
  process.stderr.write(`relay: ${reasonOf(error)}\n`);
  if (error instanceof TelemetryError && error.code === 'bad-option') process.stderr.write(usage);
  process.exitCode = 1;
}
