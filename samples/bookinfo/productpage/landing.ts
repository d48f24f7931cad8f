import { type HtmlValue, html, type Markup } from '../../http-app/html.ts';
import type { StaticFiles } from '../../http-app/static-files.ts';
import type { ServiceAddress } from '../service-address.ts';
import type { Backends } from './backend.ts';

interface CallTree {
  readonly service: ServiceAddress;
  readonly children: readonly CallTree[];
}

/** The page at `/`: who calls whom, and a link to the shop for each of two visitors. */
export function renderLanding(backends: Backends, files: StaticFiles): string {
  const details = { service: backends.details, children: [] };
  const ratings = { service: backends.ratings, children: [] };
  const reviews = { service: backends.reviews, children: [ratings] };
  // The root carries the address of details, as upstream's table does.
  const root = { service: backends.details, children: [details, reviews] };
  return html`<!DOCTYPE html>
<html lang="en">
  <head>
    <title>Simple Bookstore App</title>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${files.href('icon.svg')}">
<link rel="stylesheet" href="${files.href('bookinfo.css')}">
  </head>
  <body class="landing">
    <main>
<h3>Hello! This is a simple bookstore application consisting of three services as shown below</h3>

<div class="scroll">${rootTable(root)}</div>

<h4>Click on one of the links below to auto generate a request to the backend as a real user or a tester</h4>
<p><a href="/productpage?u=normal">Normal user</a></p>
<p><a href="/productpage?u=test">Test user</a></p>
    </main>
  </body>
</html>
`.text;
}

function rootTable({ service, children }: CallTree): Markup {
  return html`<table><tr><th>name</th><td>${service.url}</td></tr><tr><th>endpoint</th><td>${service.endpoint}</td></tr><tr><th>children</th><td>${childTable(children)}</td></tr></table>`;
}

function childTable(children: readonly CallTree[]): HtmlValue {
  if (children.length === 0) return undefined;
  const rows = children.map(
    (child) =>
      html`<tr><td>${child.service.url}</td><td>${child.service.endpoint}</td><td>${childTable(child.children)}</td></tr>`,
  );
  return html`<table><tr><th>name</th><th>endpoint</th><th>children</th></tr>${rows}</table>`;
}
