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

/** How the requests come in that a redirect is for. */
interface RedirectedServer {
  readonly port: number;
  readonly tls: boolean;
}

/** Port in the location; 0 writes none, which is also how Envoy has the scheme's own. */
const portOf = (redirect: Redirect, server: RedirectedServer): number => {
  const { port = 0, derivePort, scheme } = redirect;
  const wanted = derivePort === 'FROM_REQUEST_PORT' ? server.port : port;
  const effective = scheme || (server.tls ? 'https' : 'http');
  const standard = effective === 'https' ? 443 : 80;
  return wanted === standard ? 0 : wanted;
};

/** Undefined for a code Istio does not take: the route then has no action. */
export const redirectAction = (
  redirect: Redirect,
  server: RedirectedServer,
): RedirectAction | undefined => {
  const responseCode = codes.get(redirect.redirectCode ?? 0);
  if (responseCode === undefined) return undefined;
  return create(RedirectActionSchema, {
    responseCode,
    hostRedirect: redirect.authority ?? '',
    portRedirect: portOf(redirect, server),
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
