/** A Bookinfo service as its callers see it. */
export interface ServiceAddress {
  /** Such as `http://details:9080`, without a slash at the end. */
  readonly url: string;
  /** First segment of the paths it answers, which is its name. */
  readonly endpoint: string;
}

/**
 * Where `endpoint` is, by upstream Bookinfo's variables: `<NAME>_HOSTNAME` (default: the name), `SERVICES_DOMAIN`
 * put behind it with a dot, `<NAME>_SERVICE_PORT` (default 9080; Kubernetes sets it by itself).
 */
export function serviceAddress(env: NodeJS.ProcessEnv, endpoint: string): ServiceAddress {
  const prefix = endpoint.toUpperCase();
  const host = env[`${prefix}_HOSTNAME`] ?? endpoint;
  const domain = env['SERVICES_DOMAIN'] ? `.${env['SERVICES_DOMAIN']}` : '';
  const port = env[`${prefix}_SERVICE_PORT`] ?? '9080';
  return { url: `http://${host}${domain}:${port}`, endpoint };
}

/**
 * A time-out from the environment, in milliseconds.
 * @throws RangeError when the variable is set and is not a number above zero: a sample with a wrong setting must not start
 */
export function timeoutFromEnv(env: NodeJS.ProcessEnv, name: string, defaultMs: number): number {
  const value = env[name];
  if (value === undefined || value === '') return defaultMs;
  const timeoutMs = Number(value);
  if (!(timeoutMs > 0)) throw new RangeError(`${name} is "${value}", expected milliseconds`);
  return timeoutMs;
}
