import type { JsonSchema } from '../../resource-kind.ts';
import {
  array,
  int64,
  intOrString,
  natural,
  nullable,
  object,
  oneOfStrings,
  port,
  string,
  strings,
  withDefault,
} from '../../schema/combinators.ts';
import type {
  ExecAction,
  GrpcAction,
  HttpGetAction,
  Lifecycle,
  LifecycleHandler,
  Probe,
  TcpSocketAction,
} from '../probe.ts';

const header = object<{ name: string; value: string }>({ name: string, value: string }, ['name']);

const httpGet = object<HttpGetAction>(
  {
    path: withDefault(string, '/'),
    port: intOrString,
    host: string,
    scheme: withDefault(oneOfStrings('HTTP', 'HTTPS'), 'HTTP'),
    httpHeaders: array(header),
  },
  ['port'],
);
const tcpSocket = object<TcpSocketAction>({ port: intOrString, host: string }, ['port']);
const exec = object<ExecAction>({ command: strings });
const grpc = object<GrpcAction>({ port, service: nullable(string) }, ['port']);

/** core/v1 Probe with its defaults. */
export const probeSchema: JsonSchema = object<Probe>({
  exec,
  httpGet,
  tcpSocket,
  grpc,
  initialDelaySeconds: natural,
  timeoutSeconds: withDefault(natural, 1),
  periodSeconds: withDefault(natural, 10),
  successThreshold: withDefault(natural, 1),
  failureThreshold: withDefault(natural, 3),
  terminationGracePeriodSeconds: int64,
});

const handler = object<LifecycleHandler>({
  exec,
  httpGet,
  tcpSocket,
  sleep: object<{ seconds: number }>({ seconds: int64 }, ['seconds']),
});

/** core/v1 Lifecycle. */
export const lifecycleSchema: JsonSchema = object<Lifecycle>({
  postStart: handler,
  preStop: handler,
  stopSignal: string,
});
