import { ApiError, invalid } from '../api-error.ts';
import type { UserInfo, VerifyToken } from '../auth/authentication.ts';
import { type AccessAttributes, type Authorizer, pathAttributes } from '../auth/authorization.ts';

/** Signs a token for a service account. `audiences` absent: the API server itself. */
export type IssueToken = (request: {
  readonly namespace: string;
  readonly name: string;
  readonly audiences?: readonly string[];
  readonly lifetimeMs: number;
  /** The object the token shall live as long as (TokenRequest `boundObjectRef`); pods only. */
  readonly pod?: { readonly name: string; readonly uid: string };
}) => Promise<string>;

/** A POST whose answer is computed and not stored. */
export interface ReviewRequest {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly body: unknown;
  readonly user: UserInfo;
  readonly authorizer: Authorizer;
  readonly verifyToken: VerifyToken;
  readonly issueToken: IssueToken;
  /** Wall time, milliseconds since the epoch. */
  readonly nowMs: number;
}

type Fields = Readonly<Record<string, unknown>>;
type Review = (request: ReviewRequest, spec: Fields) => Promise<Fields> | Fields;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const textOf = (fields: Fields, key: string): string | undefined => {
  const value = fields[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

const textsOf = (fields: Fields, key: string): readonly string[] => {
  const value = fields[key];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
};

/** Paths every authenticated caller may read (Kubernetes' role system:discovery). */
const discoveryPath = /^\/(api|apis|openapi|version|healthz|livez|readyz)(\/.*|\*)?$/;

const attributesOf = (user: UserInfo, resource: Fields): AccessAttributes => ({
  user,
  verb: textOf(resource, 'verb') ?? '*',
  group: textOf(resource, 'group') ?? '',
  plural: textOf(resource, 'resource') ?? '*',
  subresource: textOf(resource, 'subresource'),
  namespace: textOf(resource, 'namespace'),
  name: textOf(resource, 'name'),
});

/** Everything, everywhere: what only an administrator may do. */
const everything: Omit<AccessAttributes, 'user'> = {
  verb: '*',
  group: '*',
  plural: '*',
  subresource: undefined,
  namespace: undefined,
  name: undefined,
};

const accessOf = (user: UserInfo, { authorizer }: ReviewRequest, spec: Fields): Fields => {
  const path = spec['nonResourceAttributes'];
  if (path !== undefined) {
    const { path: asked, verb } = fieldsOf(path);
    const reads = verb === 'get' && discoveryPath.test(String(asked));
    const attributes = pathAttributes(user, String(verb), String(asked));
    return { allowed: reads || authorizer(attributes).allowed };
  }
  const { allowed, reason } = authorizer(attributesOf(user, fieldsOf(spec['resourceAttributes'])));
  return { allowed, ...(reason !== undefined && { reason }) };
};

const selfAccess: Review = (request, spec) => accessOf(request.user, request, spec);

const subjectAccess: Review = (request, spec) => {
  const user = { username: textOf(spec, 'user') ?? '', groups: textsOf(spec, 'groups') };
  return accessOf(user, request, spec);
};

/** Rules cannot be listed from an authorizer that is a function, except for one who may do all. */
const selfRules: Review = ({ user, authorizer }) => {
  const isAdministrator = authorizer({ user, ...everything }).allowed;
  return {
    resourceRules: isAdministrator ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] : [],
    nonResourceRules: [
      {
        verbs: ['get'],
        nonResourceURLs: [
          '/api',
          '/api/*',
          '/apis',
          '/apis/*',
          '/healthz',
          '/version',
          '/openapi/*',
        ],
      },
    ],
    incomplete: !isAdministrator,
  };
};

const selfReview: Review = ({ user }) => ({ userInfo: { ...user } });

/** Audiences one review may name: each costs a signature check. */
const maxAudiences = 8;

/** Without audiences the API server's own is meant, and none is answered, as in Kubernetes. */
const tokenReview: Review = async ({ verifyToken }, spec) => {
  const token = textOf(spec, 'token') ?? '';
  const asked = textsOf(spec, 'audiences').slice(0, maxAudiences);
  const audiences: string[] = [];
  let user = asked.length === 0 ? await verifyToken(token) : undefined;
  for (const audience of asked) {
    const found = await verifyToken(token, audience);
    if (found === undefined) continue;
    user = found;
    audiences.push(audience);
  }
  if (user === undefined) return { authenticated: false, error: 'invalid bearer token' };
  return { authenticated: true, user: { ...user }, ...(asked.length > 0 && { audiences }) };
};

/** Bounds of a requested lifetime: Kubernetes refuses less than 10 minutes; a year is ours. */
const tokenSeconds = { least: 600, default: 3600, most: 365 * 24 * 3600 } as const;

/** `boundObjectRef` of a TokenRequest, when it names a pod. */
const boundPod = (spec: Fields): { readonly name: string; readonly uid: string } | undefined => {
  const ref = fieldsOf(spec['boundObjectRef']);
  const name = textOf(ref, 'name');
  if (textOf(ref, 'kind') !== 'Pod' || name === undefined) return undefined;
  return { name, uid: textOf(ref, 'uid') ?? '' };
};

const issue: Review = async ({ namespace = '', name = '', issueToken, nowMs }, spec) => {
  const asked = spec['expirationSeconds'] ?? tokenSeconds.default;
  if (typeof asked !== 'number' || !(asked >= tokenSeconds.least))
    throw invalid(
      { group: 'authentication.k8s.io', kind: 'TokenRequest', plural: 'tokenrequests', name },
      [
        {
          severity: 'error',
          code: 'FieldInvalid',
          path: 'spec.expirationSeconds',
          message: `Invalid value: ${JSON.stringify(asked)}: may not specify a duration less than 10 minutes`,
        },
      ],
    );
  const lifetimeMs = Math.min(asked, tokenSeconds.most) * 1000;
  const audiences = textsOf(spec, 'audiences');
  const pod = boundPod(spec);
  const token = await issueToken({
    namespace,
    name,
    lifetimeMs,
    ...(audiences.length > 0 && { audiences }),
    ...(pod !== undefined && { pod }),
  });
  const expirationTimestamp = `${new Date(nowMs + lifetimeMs).toISOString().slice(0, 19)}Z`;
  return { token, expirationTimestamp };
};

interface ReviewKind {
  readonly kind: string;
  readonly answer: Review;
  /** Asks about others: the caller needs the right to create it. */
  readonly aboutOthers?: boolean;
}

const authorization = 'authorization.k8s.io';
const authentication = 'authentication.k8s.io';

const reviews: ReadonlyMap<string, ReviewKind> = new Map([
  [
    `${authorization}/selfsubjectaccessreviews`,
    { kind: 'SelfSubjectAccessReview', answer: selfAccess },
  ],
  [
    `${authorization}/selfsubjectrulesreviews`,
    { kind: 'SelfSubjectRulesReview', answer: selfRules },
  ],
  [
    `${authorization}/subjectaccessreviews`,
    { kind: 'SubjectAccessReview', answer: subjectAccess, aboutOthers: true },
  ],
  [
    `${authorization}/localsubjectaccessreviews`,
    { kind: 'LocalSubjectAccessReview', answer: subjectAccess, aboutOthers: true },
  ],
  [`${authentication}/selfsubjectreviews`, { kind: 'SelfSubjectReview', answer: selfReview }],
  [
    `${authentication}/tokenreviews`,
    { kind: 'TokenReview', answer: tokenReview, aboutOthers: true },
  ],
]);

/** Whether a resource is one of the reviews: created, answered, never stored. */
export const isReview = (group: string, plural: string): boolean =>
  reviews.has(`${group}/${plural}`);

const kindOf = ({ group, plural, subresource }: ReviewRequest): ReviewKind => {
  if (plural === 'serviceaccounts' && subresource === 'token')
    return { kind: 'TokenRequest', answer: issue };
  const found = reviews.get(`${group}/${plural}`);
  if (found === undefined)
    throw new ApiError('NotFound', 'the server could not find the requested resource');
  return found;
};

/**
 * Answers a review with its `status`: access reviews, token reviews, `kubectl auth whoami`, and
 * serviceaccounts/NAME/token. The service account was looked up and, for tokens, the caller was authorized.
 * @throws ApiError Forbidden, Invalid, or NotFound for what is no review.
 */
export const answerReview = async (request: ReviewRequest): Promise<unknown> => {
  const review = kindOf(request);
  const { user, group, plural, namespace, authorizer } = request;
  if (review.aboutOthers === true) {
    const target = { group, plural, namespace, subresource: undefined, name: undefined };
    if (!authorizer({ user, verb: 'create', ...target }).allowed)
      throw new ApiError(
        'Forbidden',
        `${plural}.${group} is forbidden: User "${user.username}" cannot create resource "${plural}" in API group "${group}" at the cluster scope`,
      );
  }
  const body = fieldsOf(request.body);
  const spec = fieldsOf(body['spec']);
  const isToken = review.kind === 'TokenRequest';
  const status = await review.answer(request, spec);
  return {
    kind: review.kind,
    apiVersion: isToken ? `${authentication}/v1` : `${group}/${request.version}`,
    metadata: fieldsOf(body['metadata']),
    spec,
    status,
  };
};
