/** Fields that hold secrets (extensions.transport_sockets.tls.v3): never shown, whatever the proxy sent. */
const secretFields: ReadonlySet<string> = new Set([
  ...['private_key', 'privateKey', 'password', 'generic_secret', 'genericSecret'],
  ...['session_ticket_keys', 'sessionTicketKeys', 'private_key_provider', 'privateKeyProvider'],
]);

const redacted = '[redacted]';

/** A JSON value without secrets. Envoy redacts its dump itself; a proxy that does not is no reason to leak. */
export const withoutSecrets = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      secretFields.has(name) ? redacted : withoutSecrets(inner),
    ]),
  );
};
