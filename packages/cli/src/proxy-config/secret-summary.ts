import { X509Certificate } from 'node:crypto';
import { has, type JsonRecord, message, text } from '@lateen/xds/json-record';
import type { DumpedSecret } from './config-dump.ts';
import { formatTable } from './text-table.ts';

/** The certificate in a DataSource; undefined when there is none that can be read. */
const certificateIn = (source: JsonRecord): X509Certificate | undefined => {
  const inline = text(source, 'inline_bytes');
  const pem = inline === '' ? text(source, 'inline_string') : Buffer.from(inline, 'base64');
  try {
    return pem.length === 0 ? undefined : new X509Certificate(pem);
  } catch {
    return undefined;
  }
};

interface Described {
  readonly type: string;
  readonly certificate: X509Certificate | undefined;
}

const describe = (secret: JsonRecord): Described => {
  if (has(secret, 'tls_certificate'))
    return {
      type: 'Cert Chain',
      certificate: certificateIn(message(secret, 'tls_certificate', 'certificate_chain')),
    };
  if (has(secret, 'validation_context'))
    return {
      type: 'CA',
      certificate: certificateIn(message(secret, 'validation_context', 'trusted_ca')),
    };
  return { type: '', certificate: undefined };
};

/** Seconds are as fine as certificates are. */
const instant = (date: Date): string => date.toISOString().replace('.000Z', 'Z');

const row = ({ name, state, secret }: DumpedSecret, nowMs: number): readonly string[] => {
  const { type, certificate } = describe(secret);
  if (certificate === undefined) return [name, type, state, 'false', '', '', ''];
  const { serialNumber, validFromDate: from, validToDate: to } = certificate;
  const isValid = from.getTime() <= nowMs && nowMs <= to.getTime();
  return [
    name,
    type,
    state,
    String(isValid),
    serialNumber.toLowerCase().replace(/^0+(?=.)/, ''),
    instant(to),
    instant(from),
  ];
};

const header = [
  'RESOURCE NAME',
  'TYPE',
  'STATUS',
  'VALID CERT',
  'SERIAL NUMBER',
  'NOT AFTER',
  'NOT BEFORE',
];

/** istioctl's `proxy-config secret`. */
export const secretSummary = (secrets: readonly DumpedSecret[], nowMs: number): string =>
  secrets.length === 0
    ? 'No active or warming secrets found.\n'
    : formatTable([header, ...secrets.map((one) => row(one, nowMs))]);
