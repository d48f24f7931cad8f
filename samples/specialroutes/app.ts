import type { Server } from 'node:http';
import {
  type AppHandler,
  type AppOptions,
  type AppRoute,
  createApp,
  jsonReply,
  textReply,
} from '../http-app/server.ts';

/** How the service behaves. */
export interface SpecialRoutesOptions {
  /** Version 12 has a second route, `/route/result/:routeId`. */
  readonly version: 'V11' | 'V12';
  readonly log?: AppOptions['log'];
}

/** Answers as Spring Boot 2 does for a path without a controller. */
const notFound: AppHandler = ({ path }) =>
  jsonReply(404, {
    timestamp: Date.now(),
    status: 404,
    error: 'Not Found',
    message: 'No message available',
    path,
  });

/** The service of the header-matching tutorial: a greeting with the version's name. */
export function createSpecialRoutes({ version, log }: SpecialRoutesOptions): Server {
  const greeting = `欢迎使用 ${version}系统`;
  const routes: AppRoute[] = [
    { method: 'GET', path: '/route/result', handle: () => textReply(200, greeting) },
  ];
  if (version === 'V12') {
    routes.push({
      method: 'GET',
      path: '/route/result/:routeId',
      handle: ({ params }) => textReply(200, `${greeting} ${params['routeId']}`),
    });
  }
  return createApp({ routes, notFound, log });
}
