import { logToStdout, runApp } from '../../http-app/process.ts';
import { createCustomers } from './app.ts';

const withCity = process.env['SERVICE_VERSION'] === 'v2';
runApp('customers', createCustomers({ withCity, log: logToStdout }), 3000);
