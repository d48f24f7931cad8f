import type {
  ObjectOrigin,
  SimulatedArrival,
  SimulatedAuthorization,
  SimulatedPolicy,
  SimulatedSecurity,
  SimulatedTokens,
} from '@lateen/simulation';
import { denialReason } from '@lateen/simulation';

/** A line of `lateen explain`. */
export type Line = readonly [label: string, text: string];

/** Claims of a token that are listed by name. */
const maxClaims = 6;

/** Where an object was written; '' when that is not known. */
export const place = ({ position }: ObjectOrigin): string =>
  position === undefined ? '' : ` (${position.file ?? 'stdin'}:${position.line})`;

/** ` in cluster2` where a mesh has several clusters; else ''. */
export const inCluster = ({ clusterId }: { readonly clusterId?: string }): string =>
  clusterId === undefined ? '' : ` in ${clusterId}`;

/** An object, and where it was written. */
export const objectText = (origin: ObjectOrigin): string =>
  `${origin.kind} ${origin.namespace}/${origin.name}${place(origin)}`;

const policyText = ({ name, origin }: SimulatedPolicy): string =>
  origin === null
    ? name
    : `rules[${origin.rule}] of AuthorizationPolicy ${origin.namespace}/${origin.name}${place(origin)}`;

/** Conditions are worded as Envoy has them; claims are what people wrote. */
const conditionText = (condition: string): string =>
  condition
    .replaceAll('metadata envoy.filters.http.jwt_authn payload.', 'claim ')
    .replaceAll('header :method', 'method')
    .replaceAll('header :authority', 'host');

const transports = {
  plaintext: 'plaintext',
  tls: 'TLS without a client certificate',
  mutual: 'mutual TLS',
} as const;

const clientText = ({ transport, principal, remoteAddress }: SimulatedSecurity): string =>
  `${transports[transport]}${principal === null ? '' : ` as ${principal}`}, from ${remoteAddress}`;

const claimsText = (claims: Readonly<Record<string, unknown>>): string => {
  const entries = Object.entries(claims);
  const shown = entries.slice(0, maxClaims).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `${name}=${text}`;
  });
  const rest = entries.length - maxClaims;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
};

const tokenText = ({
  verdict,
  reason,
  issuers,
  claims,
  signatureChecked,
}: SimulatedTokens): string => {
  const unchecked = signatureChecked ? '' : ' (its signature was not checked: no keys at hand)';
  if (verdict === 'refused') return `refused: ${reason}`;
  if (verdict === 'none') return `none; taken are those of ${issuers.join(', ')}`;
  return `accepted: ${claimsText(claims ?? {})}${unchecked}`;
};

const matchedText = (decision: SimulatedAuthorization): string => {
  const { policy, verdict, action, provider } = decision;
  if (verdict === 'asks') return `asks provider ${provider ?? 'unknown'}`;
  if (policy !== null) return verdict === 'denied' ? 'denied' : 'matched';
  if (action === 'ALLOW') return 'denied: no rule lets it in';
  return verdict === 'denied' ? 'denied' : 'no rule matches';
};

const authorizationLines = (decision: SimulatedAuthorization): readonly Line[] => {
  const { action, policy, dryRun, policies, verdict } = decision;
  const by = policy === null ? '' : `, ${policyText(policy)}`;
  const mode = dryRun ? ' (dry run)' : '';
  const asked: Line = ['  policies', `${action}${mode}: ${matchedText(decision)}${by}`];
  const missed = verdict === 'denied' && policy === null ? policies : [];
  return [
    asked,
    ...missed.flatMap((one): readonly Line[] =>
      one.failed === null
        ? []
        : [
            [
              '  missing',
              `${policyText(one)}: wants ${conditionText(one.failed.condition)}, got ${one.failed.actual || 'nothing'}`,
            ],
          ],
    ),
  ];
};

/** What a proxy made of who asks. */
export const securityLines = (security: SimulatedSecurity | null): readonly Line[] =>
  security === null
    ? []
    : [
        ['client', clientText(security)],
        ...(security.tokens === null ? [] : [['  token', tokenText(security.tokens)] as const]),
        ...security.authorization.flatMap(authorizationLines),
      ];

const arrivalText = (arrival: SimulatedArrival, pods: string): string => {
  const { transport, mode, security } = arrival;
  if (arrival.outcome === 'unknown') return `${pods}: ${arrival.reason}`;
  if (arrival.outcome === 'no-proxy') return `${pods}: plaintext, it has no proxy and no policies`;
  const principal = security?.principal;
  const identity = principal ? ` as ${principal}` : '';
  return `${pods}: ${transports[transport]}${identity}${mode === null ? '' : `, the port is ${mode}`}`;
};

const outcomeLines = ({ outcome, reason, status, security }: SimulatedArrival): readonly Line[] => {
  if (outcome === 'refused') return [['  refused', reason]];
  if (outcome !== 'answered' || status === null) return [];
  return [['  answered', `${status}${denialReason(security) === '' ? '' : `: ${reason}`}`]];
};

const linesOf = (arrival: SimulatedArrival, pods: string): readonly Line[] => [
  ['arrives', arrivalText(arrival, pods)],
  ...(arrival.security?.tokens ? [['  token', tokenText(arrival.security.tokens)] as const] : []),
  ...(arrival.security?.authorization ?? []).flatMap(authorizationLines),
  ...outcomeLines(arrival),
];

/** What the proxies of a destination make of a request; those of one mind together. */
export const arrivalLines = (arrivals: readonly SimulatedArrival[]): readonly Line[] => {
  const alike = Map.groupBy(arrivals, (arrival) => JSON.stringify(linesOf(arrival, '')));
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined
      ? []
      : linesOf(first, group.map((one) => one.pod + inCluster(one)).join(', '));
  });
};
