import { logToStdout, runApp } from '../../http-app/process.ts';
import { OutboundHttp } from '../../outbound-http/outbound-http.ts';
import { createWebFrontend } from './app.ts';

const { env } = process;

const server = createWebFrontend({
  customersUrl: env['CUSTOMER_SERVICE_URL'] ?? 'http://customers',
  outbound: new OutboundHttp(env),
  timeoutMs: 15_000,
  log: logToStdout,
});
runApp('web-frontend', server, 8080);
