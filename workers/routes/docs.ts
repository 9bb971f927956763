// The API's own description: /openapi.json, and /docs to read and try it. Everything is served from here: it works offline.
import { html } from "hono/html";
import { PROBLEMS } from "../../protocol/problems.ts";
import { createRouter } from "../router.ts";
import { PAGE_POLICY } from "../security-headers.ts";

export const docsRoutes = createRouter();

docsRoutes.get("/docs", (c) => {
  c.header("content-security-policy", PAGE_POLICY);
  return c.html(html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Keepstream API</title>
    <link rel="stylesheet" href="/api-docs/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/api-docs/swagger-ui-bundle.js"></script>
    <script src="/api-docs/start.js"></script>
  </body>
</html>`);
});

/** What the `type` of a problem leads to. */
docsRoutes.get("/docs/errors", (c) => {
  c.header("content-security-policy", PAGE_POLICY);
  return c.html(html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Keepstream API: errors</title>
    <style>
      :root { color-scheme: light dark; }
      body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 50rem; padding: 0 1rem; }
      th, td { padding: 0.25rem 1rem 0.25rem 0; text-align: start; }
      tr:target { background: color-mix(in srgb, currentColor 12%, transparent); }
    </style>
  </head>
  <body>
    <h1>Errors</h1>
    <p>Each is <code>application/problem+json</code> (RFC 9457). <code>detail</code> says what was wrong and what to do,
      <code>limit</code> and <code>value</code> are there where a limit was passed. <a href="/docs">The API</a></p>
    <table>
      <thead><tr><th>code</th><th>status</th><th>meaning</th></tr></thead>
      <tbody>
        ${PROBLEMS.map(
          ({ code, status, title }) =>
            html`<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${title}</td></tr>`,
        )}
      </tbody>
    </table>
  </body>
</html>`);
});
