import net from 'node:net';

/** The client's connection as a PROXY header tells of it: `ip:port`, or `[ip]:port`. */
export interface ProxiedConnection {
  /** The client. */
  readonly remoteLabel: string;
  /** What it connected to. */
  readonly localLabel: string;
}

interface SocketAddress {
  readonly host: string;
  readonly port: number;
  readonly family: 4 | 6;
}

const parse = (label: string): SocketAddress | undefined => {
  const colon = label.lastIndexOf(':');
  const host = label
    .slice(0, colon)
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^::ffff:/, '');
  const port = Number(label.slice(colon + 1));
  const family = net.isIP(host);
  if (family !== 4 && family !== 6) return undefined;
  return Number.isInteger(port) ? { host, port, family } : undefined;
};

const ends = (connection: ProxiedConnection | undefined) => {
  const source = connection && parse(connection.remoteLabel);
  const destination = connection && parse(connection.localLabel);
  if (source === undefined || source.family !== destination?.family) return undefined;
  return { source, destination };
};

const textHeader = (connection: ProxiedConnection | undefined): Buffer => {
  const known = ends(connection);
  if (known === undefined) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const { source, destination } = known;
  const addresses = `${source.host} ${destination.host} ${source.port} ${destination.port}`;
  return Buffer.from(`PROXY TCP${source.family} ${addresses}\r\n`, 'latin1');
};

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const versionAndLocal = 0x20;
const versionAndProxy = 0x21;
const overTcp = { 4: 0x11, 6: 0x21 } as const;

/** Eight groups of an IPv6 address; `::` stands for as many zeros as are missing. */
const ipv6Bytes = (host: string): readonly number[] => {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host);
  const hex = (high: string | undefined, low: string | undefined): string =>
    (Number(high) * 256 + Number(low)).toString(16);
  const plain = dotted
    ? `${dotted[1] ?? ''}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}`
    : host;
  const [left = '', right = ''] = plain.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(left), groups(right)];
  const missing = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...missing, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
};

const addressBytes = ({ host, family }: SocketAddress): readonly number[] =>
  family === 4 ? host.split('.').map(Number) : ipv6Bytes(host);

const binaryHeader = (connection: ProxiedConnection | undefined): Buffer => {
  const known = ends(connection);
  if (known === undefined) return Buffer.concat([signature, Buffer.of(versionAndLocal, 0, 0, 0)]);
  const { source, destination } = known;
  const ports = [source.port, destination.port].flatMap((port) => [port >> 8, port & 0xff]);
  const body = [...addressBytes(source), ...addressBytes(destination), ...ports];
  const head = Buffer.of(versionAndProxy, overTcp[source.family], 0, body.length);
  return Buffer.concat([signature, head, Buffer.from(body)]);
};

/**
 * The header of HAProxy's PROXY protocol, version 1 (text) or 2 (binary), that goes before the first
 * byte of an upstream connection. Without a client it says so: `UNKNOWN`, or `LOCAL`.
 */
export const proxyHeader = (version: 1 | 2, connection: ProxiedConnection | undefined): Buffer =>
  version === 1 ? textHeader(connection) : binaryHeader(connection);
