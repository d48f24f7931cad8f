import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkTokenSignature } from '@lateen/identity';
import type { SimulatedClient } from '@lateen/simulation';
import type { Command } from 'commander';
import { ExplainError } from './explain-error.ts';

/** Flags that say who asks. */
export interface ClientFlags {
  readonly principal?: string;
  readonly sourceIp?: string;
  readonly jwt?: string;
  readonly claim: readonly string[];
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Adds the flags to a command. */
export const addClientFlags = (command: Command): Command =>
  command
    .option(
      '--principal <id>',
      'identity of the client: spiffe://..., or <trust domain>/ns/<namespace>/sa/<account>',
    )
    .option('--source-ip <address>', 'address of the client')
    .option('--jwt <file>', 'a token, as the client sends it: a file or -')
    .option(
      '--claim <name=value>',
      'a claim of a token that is taken to be good; JSON or text (repeatable)',
      collect,
      [],
    );

const spiffe = 'spiffe://';

const principalOf = (text: string): string => (text.startsWith(spiffe) ? text : spiffe + text);

const addressOf = (text: string): string => {
  if (isIP(text) !== 0) return text;
  throw new ExplainError('bad-request', `"${text}" is not an IP address`);
};

/** Numbers, lists, objects and truth values as JSON has them; everything else is text. */
const claimValue = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

const readClaims = (lines: readonly string[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    lines.map((line) => {
      const equals = line.indexOf('=');
      if (equals < 1) {
        throw new ExplainError('bad-request', `"${line}" is not a claim: write name=value`);
      }
      return [line.slice(0, equals), claimValue(line.slice(equals + 1))];
    }),
  );

const readToken = (file: string): string => {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').trim();
  } catch (cause) {
    throw new ExplainError('bad-file', `cannot read ${file}`, cause);
  }
};

/** Header lines of the flags: a token goes where clients put theirs. @throws ExplainError. */
export const clientHeaders = ({ jwt }: ClientFlags): readonly string[] =>
  jwt === undefined ? [] : [`authorization: Bearer ${readToken(jwt)}`];

/** Who asks, `nowMs` after the epoch. @throws ExplainError for what cannot be read. */
export const clientOf = (
  { principal, sourceIp, claim }: ClientFlags,
  nowMs: number,
): SimulatedClient => ({
  ...(principal !== undefined && { principal: principalOf(principal) }),
  ...(sourceIp !== undefined && { address: addressOf(sourceIp) }),
  ...(claim.length > 0 && { claims: readClaims(claim) }),
  verify: checkTokenSignature,
  nowSeconds: Math.floor(nowMs / 1000),
});
