import { logToStdout, runApp } from '../http-app/process.ts';
import { createHttpbin } from './app.ts';

runApp('httpbin', createHttpbin({ log: logToStdout }), 8080);
