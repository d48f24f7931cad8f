/** core/v1 HTTPGetAction; `port` is a number or the name of a container port. */
export interface HttpGetAction {
  readonly path?: string;
  readonly port: number | string;
  readonly host?: string;
  /** Default HTTP. */
  readonly scheme?: 'HTTP' | 'HTTPS';
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
}

/** core/v1 TCPSocketAction. */
export interface TcpSocketAction {
  readonly port: number | string;
  readonly host?: string;
}

/** core/v1 ExecAction: run without a shell. */
export interface ExecAction {
  readonly command?: readonly string[];
}

/** core/v1 GRPCAction. */
export interface GrpcAction {
  readonly port: number;
  readonly service?: string | null;
}

/** core/v1 LifecycleHandler. */
export interface LifecycleHandler {
  readonly exec?: ExecAction;
  readonly httpGet?: HttpGetAction;
  readonly tcpSocket?: TcpSocketAction;
  readonly sleep?: { readonly seconds: number };
}

/** core/v1 Lifecycle. */
export interface Lifecycle {
  readonly postStart?: LifecycleHandler;
  readonly preStop?: LifecycleHandler;
  readonly stopSignal?: string;
}

/** core/v1 Probe: exactly one of the four actions. */
export interface Probe {
  readonly exec?: ExecAction;
  readonly httpGet?: HttpGetAction;
  readonly tcpSocket?: TcpSocketAction;
  readonly grpc?: GrpcAction;
  /** Default 0. */
  readonly initialDelaySeconds?: number;
  /** Default 1. */
  readonly timeoutSeconds?: number;
  /** Default 10. */
  readonly periodSeconds?: number;
  /** Default 1; must be 1 for liveness and startup. */
  readonly successThreshold?: number;
  /** Default 3. */
  readonly failureThreshold?: number;
  readonly terminationGracePeriodSeconds?: number;
}
