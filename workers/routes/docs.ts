// The API's own description: /openapi.json, and /docs to read and try it. Everything is served from here: it works offline.
import { html } from "hono/html";
import { createRouter } from "../router.ts";

export const docsRoutes = createRouter();

docsRoutes.get("/docs", (c) =>
  c.html(html`<!doctype html>
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
</html>`),
);
