import { create } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import {
  type DirectResponseAction,
  DirectResponseActionSchema,
  type RedirectAction,
  RedirectAction_RedirectResponseCode,
  RedirectActionSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { DirectResponse, Redirect } from '../input/virtual-service.ts';

const codes: ReadonlyMap<number, RedirectAction_RedirectResponseCode> = new Map([
  [0, RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY],
  [301, RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY],
  [302, RedirectAction_RedirectResponseCode.FOUND],
  [303, RedirectAction_RedirectResponseCode.SEE_OTHER],
  [307, RedirectAction_RedirectResponseCode.TEMPORARY_REDIRECT],
  [308, RedirectAction_RedirectResponseCode.PERMANENT_REDIRECT],
]);

/** Port in the location; the scheme's own port is left out by Envoy itself when it is 0. */
const portOf = ({ port, derivePort, scheme }: Redirect, tls: boolean): number => {
  const effective = scheme || (tls ? 'https' : 'http');
  const standard = effective === 'https' ? 443 : 80;
  if (port !== undefined) return port === standard ? 0 : port;
  return derivePort === 'FROM_PROTOCOL_DEFAULT' ? standard : 0;
};

/** Undefined for a code Istio does not take: the route then has no action. */
export const redirectAction = (redirect: Redirect, tls: boolean): RedirectAction | undefined => {
  const responseCode = codes.get(redirect.redirectCode ?? 0);
  if (responseCode === undefined) return undefined;
  return create(RedirectActionSchema, {
    responseCode,
    hostRedirect: redirect.authority ?? '',
    portRedirect: portOf(redirect, tls),
    ...(redirect.scheme && {
      schemeRewriteSpecifier: { case: 'schemeRedirect', value: redirect.scheme },
    }),
    ...pathFields(redirect),
  });
};

const pathFields = ({ uri, prefixRewrite }: Redirect) => {
  if (prefixRewrite) {
    return { pathRewriteSpecifier: { case: 'prefixRewrite', value: prefixRewrite } } as const;
  }
  return uri ? ({ pathRewriteSpecifier: { case: 'pathRedirect', value: uri } } as const) : {};
};

/** `body.bytes` is base64, as protobuf JSON writes bytes; undefined when it is none. */
const decodeBytes = (value: string): Uint8Array | undefined =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0 ? base64Decode(value) : undefined;

/** A fixed answer. Status 0 and absent are left to the proxy to refuse. */
export const directResponseAction = ({ status, body }: DirectResponse): DirectResponseAction => {
  const bytes = body?.bytes === undefined ? undefined : decodeBytes(body.bytes);
  return create(DirectResponseActionSchema, {
    status: status ?? 0,
    ...(body?.string !== undefined && {
      body: { specifier: { case: 'inlineString', value: body.string } },
    }),
    ...(bytes !== undefined && { body: { specifier: { case: 'inlineBytes', value: bytes } } }),
  });
};
