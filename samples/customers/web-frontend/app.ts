import type { Server } from 'node:http';
import { html, type Markup } from '../../http-app/html.ts';
import { type AppOptions, createApp, htmlReply, textReply } from '../../http-app/server.ts';
import type { OutboundHttp } from '../../outbound-http/outbound-http.ts';
import { forwardHeaders } from '../../trace-headers/trace-headers.ts';

/** How a web-frontend behaves. */
export interface WebFrontendOptions {
  /** Where the list of customers is, such as `http://customers.default.svc.cluster.local`. */
  readonly customersUrl: string;
  readonly outbound: OutboundHttp;
  readonly timeoutMs: number;
  readonly log?: AppOptions['log'];
}

type Row = Readonly<Record<string, unknown>>;

/** The web frontend: the customers as a table at `/`, a column for each field they have. */
export function createWebFrontend(options: WebFrontendOptions): Server {
  return createApp({
    log: options.log,
    routes: [
      { method: 'GET', path: '/health', handle: () => textReply(200, 'healthy') },
      {
        method: 'GET',
        path: '/',
        handle: async ({ headers }) => {
          const rows = await fetchRows(options, forwardHeaders(headers, ['user', 'end-user']));
          return typeof rows === 'string'
            ? htmlReply(500, renderPage(renderProblem(rows)))
            : htmlReply(200, renderPage(renderTable(rows)));
        },
      },
    ],
  });
}

/** The customers, or why there are none. */
async function fetchRows(
  { customersUrl, outbound, timeoutMs }: WebFrontendOptions,
  headers: Record<string, string>,
): Promise<readonly Row[] | string> {
  const result = await outbound.get(customersUrl, { headers, timeoutMs });
  if (result.kind === 'failure') return `no answer (${result.reason}: ${result.text})`;
  if (result.status !== 200) return `status ${result.status}: ${result.body}`;
  try {
    const rows: unknown = JSON.parse(result.body);
    if (Array.isArray(rows)) return rows.filter((row) => typeof row === 'object' && row !== null);
  } catch {
    // falls through to the same words as JSON of another shape
  }
  return 'an answer that is not a list';
}

function renderTable(rows: readonly Row[]): Markup {
  const fields = Object.keys(rows[0] ?? {});
  const head = fields.map(
    (field) => html`<th class="px-4 py-2">${field.toUpperCase()}</th>
          `,
  );
  const body = rows.map((row) => {
    const cells = fields.map((field) => html`<td class="px-4 py-2">${String(row[field])}</td>`);
    return html`<tr>${cells}</tr>
        `;
  });
  return html`<table>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>`;
}

function renderProblem(reason: string): Markup {
  return html`<p class="problem" role="alert"><strong>The customers service gave</strong> ${reason}</p>`;
}

function renderPage(content: Markup): string {
  return html`<!DOCTYPE html>
<html lang="en">
  <head>
    <title>Customer List</title>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <style>
      :root { color-scheme: light dark; --line: light-dark(#d5dddd, #2c4046); }
      body { max-width: 44rem; margin: 3rem auto; padding: 0 1.25rem; font: 1.05rem/1.5 system-ui, sans-serif;
        background: light-dark(#f4f6f5, #0e1a1e); color: light-dark(#16262b, #e8efee); }
      table { width: 100%; border-collapse: collapse; background: light-dark(#fff, #17272c); }
      th { text-align: start; font-size: 0.85rem; letter-spacing: 0.04em; }
      th, td { border: 1px solid var(--line); }
      .px-4 { padding-inline: 1rem; }
      .py-2 { padding-block: 0.5rem; }
      .problem { padding: 1rem 1.25rem; border: 1px solid #c98a2b; overflow-wrap: anywhere; }
    </style>
  </head>
  <body>
    <h1>Customer List</h1>
    ${content}
  </body>
</html>
`.text;
}
