import type { Diagnostic } from '@lateen/base';

/** Fields whose warning has a message of its own (`not-implemented-fields`, `deprecated-fields`). */
const ownFields: Readonly<Record<string, RegExp>> = {
  Gateway: /\.defaultEndpoint$/,
  VirtualService: /\.fault\.delay\.(exponentialDelay|percent)$/,
};

/** Whether another analyzer says it better, so that one field gives one message. */
export const hasOwnMessage = (kind: string, { severity, path = '' }: Diagnostic): boolean =>
  severity !== 'error' && Object.hasOwn(ownFields, kind) && ownFields[kind]?.test(path) === true;
