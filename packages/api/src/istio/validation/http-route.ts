import type { HttpRoute } from '../http-route.ts';
import { checkDestination, checkExclusive, checkWeightedDestinations } from './destination.ts';
import { checkDuration, checkPercent, checkPercentMessage } from './field.ts';
import {
  deprecated,
  doubtful,
  type Findings,
  forEachItem,
  ifPresent,
  invalid,
  missing,
  type ValidationContext,
} from './finding.ts';
import {
  checkCors,
  checkDirectResponse,
  checkHeaderRules,
  checkRedirect,
  checkRetries,
  checkRewrite,
} from './http-action.ts';
import { checkFault } from './http-fault.ts';
import { checkHttpMatch } from './http-match.ts';

/** Which half of a delegation a VirtualService can be. */
export type RouteRole = 'root' | 'delegate';

const checkAction = (route: HttpRoute, path: string, role: RouteRole): Findings => {
  const { redirect, directResponse, delegate } = route;
  const hasRoute = (route.route ?? []).length > 0;
  const found = [];
  const acts = [redirect, directResponse, delegate].some((one) => one !== undefined);
  if (!hasRoute && !acts)
    found.push(
      missing(`${path}.route`, 'a rule must have route, redirect, directResponse or delegate'),
    );
  if (delegate !== undefined && role === 'delegate')
    found.push(invalid(`${path}.delegate`, 'a delegate cannot delegate again: one level only'));
  if (delegate !== undefined && !delegate.name)
    found.push(missing(`${path}.delegate.name`, 'name the VirtualService that holds the routes'));
  return [
    ...found,
    ...checkExclusive(route, path, ['redirect', 'route', 'fault', 'rewrite', 'directResponse']),
    ...checkExclusive(route, path, ['directResponse', 'route', 'fault', 'rewrite', 'mirror']),
    ...checkExclusive(route, path, ['delegate', 'route', 'redirect', 'directResponse']),
  ];
};

const checkMirrors = (route: HttpRoute, path: string): Findings => {
  const { mirror, mirrors, mirrorPercentage } = route;
  const old = (['mirrorPercent', 'mirror_percent'] as const).filter(
    (field) => route[field] !== undefined,
  );
  const found = old.flatMap((field) => [
    deprecated(`${path}.${field}`, `${field} is deprecated: use mirrorPercentage.value`),
    ...checkPercent(route[field], `${path}.${field}`),
  ]);
  if (mirror === undefined && mirrorPercentage !== undefined)
    found.push(doubtful(`${path}.mirrorPercentage`, 'has no effect without mirror'));
  return [
    ...found,
    ...checkExclusive(route, path, ['mirror', 'mirrors']),
    ...ifPresent(mirror, (one) => checkDestination(one, `${path}.mirror`)),
    ...checkPercentMessage(mirrorPercentage, `${path}.mirrorPercentage`),
    ...forEachItem(mirrors, `${path}.mirrors`, ({ destination, percentage }, at) => [
      ...checkDestination(destination, `${at}.destination`),
      ...checkPercentMessage(percentage, `${at}.percentage`),
    ]),
  ];
};

/** One HTTP rule: exactly one kind of action, and each of its parts. */
export const checkHttpRoute = (
  route: HttpRoute,
  path: string,
  role: RouteRole,
  context: ValidationContext,
): Findings => [
  ...checkAction(route, path, role),
  ...forEachItem(route.match, `${path}.match`, (match, at) => checkHttpMatch(match, at, context)),
  ...checkWeightedDestinations(route.route, `${path}.route`),
  ...forEachItem(route.route, `${path}.route`, ({ headers }, at) =>
    checkHeaderRules(headers, `${at}.headers`),
  ),
  ...ifPresent(route.redirect, (one) => checkRedirect(one, `${path}.redirect`)),
  ...ifPresent(route.directResponse, (one) => checkDirectResponse(one, `${path}.directResponse`)),
  ...ifPresent(route.rewrite, (one) => checkRewrite(one, `${path}.rewrite`, context)),
  ...checkDuration(route.timeout, `${path}.timeout`, { zero: true }),
  ...ifPresent(route.retries, (one) => checkRetries(one, `${path}.retries`)),
  ...ifPresent(route.fault, (one) => checkFault(one, `${path}.fault`)),
  ...checkMirrors(route, path),
  ...ifPresent(route.corsPolicy, (one) => checkCors(one, `${path}.corsPolicy`, context)),
  ...checkHeaderRules(route.headers, `${path}.headers`),
];
