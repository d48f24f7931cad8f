import { hostname } from 'node:os';
import { logToStdout, runApp } from '../../http-app/process.ts';
import { OutboundHttp } from '../../outbound-http/outbound-http.ts';
import { serviceAddress, timeoutFromEnv } from '../service-address.ts';
import { createReviews, type RatingsSource } from './app.ts';

const { env } = process;

/** Versions 2 and 3 rate; `ENABLE_RATINGS`, upstream's switch, says otherwise. */
function ratesReviews(): boolean {
  if (env['ENABLE_RATINGS'] !== undefined) return env['ENABLE_RATINGS'] === 'true';
  return env['SERVICE_VERSION'] === 'v2' || env['SERVICE_VERSION'] === 'v3';
}

function ratings(): RatingsSource {
  const starColor = env['STAR_COLOR'] ?? (env['SERVICE_VERSION'] === 'v3' ? 'red' : 'black');
  return {
    service: serviceAddress(env, 'ratings'),
    outbound: new OutboundHttp(env),
    // Ten seconds is the mistake that the fault injection exercise finds: the page gives up after three.
    timeoutMs: timeoutFromEnv(env, 'RATINGS_TIMEOUT_MS', starColor === 'black' ? 10_000 : 2500),
    starColor,
  };
}

runApp(
  'reviews',
  createReviews({
    ...(ratesReviews() ? { ratings: ratings() } : {}),
    podName: env['HOSTNAME'] ?? hostname(),
    clusterName: env['CLUSTER_NAME'] ?? 'null',
    log: logToStdout,
  }),
);
