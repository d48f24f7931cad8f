import { hostname } from 'node:os';
import { logToStdout, runApp } from '../../http-app/process.ts';
import { OutboundHttp } from '../../outbound-http/outbound-http.ts';
import { serviceAddress, timeoutFromEnv } from '../service-address.ts';
import { createProductpage } from './app.ts';

const { env } = process;

const server = createProductpage({
  backends: {
    details: serviceAddress(env, 'details'),
    reviews: serviceAddress(env, 'reviews'),
    ratings: serviceAddress(env, 'ratings'),
    outbound: new OutboundHttp(env),
    timeoutMs: timeoutFromEnv(env, 'BACKEND_TIMEOUT_MS', 3000),
  },
  podName: env['HOSTNAME'] ?? hostname(),
  log: logToStdout,
});
runApp('productpage', server);
