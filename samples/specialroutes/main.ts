import { logToStdout, runApp } from '../http-app/process.ts';
import { createSpecialRoutes } from './app.ts';

const version = process.env['SERVICE_VERSION'] === 'v12' ? 'V12' : 'V11';
runApp('specialroutes', createSpecialRoutes({ version, log: logToStdout }), 8066);
