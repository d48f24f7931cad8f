import { logToStdout, runApp } from '../../http-app/process.ts';
import { createRatings } from './app.ts';

runApp('ratings', createRatings({ log: logToStdout }));
