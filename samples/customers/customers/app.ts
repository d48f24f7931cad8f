import type { Server } from 'node:http';
import { type AppOptions, createApp, jsonReply } from '../../http-app/server.ts';

/** How a customers service behaves. */
export interface CustomersOptions {
  /** Version 2 tells where they live, version 1 does not. */
  readonly withCity: boolean;
  readonly log?: AppOptions['log'];
}

const CUSTOMERS = [
  { city: 'Aveiro', name: 'Ines Calado' },
  { city: 'Bergen', name: 'Torvald Lie' },
  { city: 'Chengdu', name: 'Wei Lan' },
  { city: 'Dakar', name: 'Aminata Sarr' },
  { city: 'Esfahan', name: 'Parisa Rad' },
  { city: 'Fukuoka', name: 'Haruto Mori' },
  { city: 'Gdansk', name: 'Zofia Wrona' },
  { city: 'Hobart', name: 'Lachlan Reid' },
] as const;

/** The customers service: a JSON list at `/`. */
export function createCustomers(options: CustomersOptions): Server {
  const list = options.withCity ? CUSTOMERS : CUSTOMERS.map(({ name }) => ({ name }));
  return createApp({
    log: options.log,
    routes: [
      { method: 'GET', path: '/', handle: () => jsonReply(200, list) },
      { method: 'GET', path: '/health', handle: () => jsonReply(200, { status: 'healthy' }) },
    ],
  });
}
