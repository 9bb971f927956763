// The API: what every request goes through, and the routes, one resource a file.
import type { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { MAX_BODY_BYTES } from "../protocol/limits.ts";
import { problemResponse } from "../protocol/problems.ts";
import type { AppEnv } from "./app-env.ts";
import { identify } from "./auth/person.ts";
import { onError, refuse } from "./problem.ts";
import { identifyRequest } from "./request-id.ts";
import { createRouter } from "./router.ts";
import { chatRoutes } from "./routes/chats.ts";
import { discoveryRoutes } from "./routes/discovery.ts";
import { docsRoutes } from "./routes/docs.ts";
import { generateRoutes } from "./routes/generate.ts";
import { runRoutes } from "./routes/runs.ts";
import { socketRoutes } from "./routes/socket.ts";
import { servicesOf } from "./services.ts";

export function createApp(): OpenAPIHono<AppEnv> {
  const app = createRouter();
  app.onError(onError);
  app.notFound((c) => {
    const detail = `There is nothing at ${c.req.method} ${c.req.path.slice(0, 100)}. GET /docs shows what there is.`;
    return problemResponse({ code: "not_found", detail }, c.var.requestId);
  });

  app.use(identifyRequest);
  app.use(async (c, next) => {
    c.set("services", servicesOf(c.env));
    return next();
  });
  app.use(
    "/api/*",
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (c) => {
        const value = Number(c.req.header("content-length") ?? Number.NaN);
        const size = Number.isNaN(value) ? {} : { value };
        const detail = `The body is larger than ${MAX_BODY_BYTES} bytes, the limit. Send less.`;
        return refuse("body_too_large", detail, { limit: MAX_BODY_BYTES, ...size });
      },
    }),
  );
  app.use("/api/*", identify);
  app.use("/ws/*", identify);

  for (const routes of [generateRoutes, runRoutes, socketRoutes, chatRoutes, discoveryRoutes, docsRoutes]) {
    app.route("/", routes);
  }
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: { title: "Keepstream", version: "1", description: "LLM chat that never loses an answer." },
  });
  return app;
}
