import { logToStdout, runApp } from '../../http-app/process.ts';
import { OutboundHttp } from '../../outbound-http/outbound-http.ts';
import { timeoutFromEnv } from '../service-address.ts';
import { createDetails, type ExternalLibrary } from './app.ts';

const { env } = process;

function library(): ExternalLibrary {
  return {
    url: env['EXTERNAL_BOOK_SERVICE_URL'] ?? 'http://www.googleapis.com:80',
    outbound: new OutboundHttp(env),
    timeoutMs: timeoutFromEnv(env, 'EXTERNAL_BOOK_SERVICE_TIMEOUT_MS', 5000),
  };
}

const external = env['ENABLE_EXTERNAL_BOOK_SERVICE'] === 'true';
runApp('details', createDetails({ log: logToStdout, ...(external ? { library: library() } : {}) }));
