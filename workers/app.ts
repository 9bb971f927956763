// The API: what every request goes through, and the routes, one resource a file.
import type { OpenAPIHono } from "@hono/zod-openapi";
import { problemResponse } from "../protocol/problems.ts";
import type { AppEnv } from "./app-env.ts";
import { brakeAddress, brakePerson, brakeStrangers } from "./auth/brake.ts";
import { keepSession } from "./auth/cookie.ts";
import { identify } from "./auth/identify.ts";
import { checkOrigin } from "./auth/origins.ts";
import { wholeBody } from "./body.ts";
import { tellLimits } from "./limits.ts";
import { onError } from "./problem.ts";
import { identifyRequest } from "./request-id.ts";
import { createRouter } from "./router.ts";
import { adminRoutes } from "./routes/admin.ts";
import { chatRoutes } from "./routes/chats.ts";
import { completionRoutes, errorsForSdks } from "./routes/completions.ts";
import { discoveryRoutes } from "./routes/discovery.ts";
import { docsRoutes } from "./routes/docs.ts";
import { generateRoutes } from "./routes/generate.ts";
import { internalRoutes } from "./routes/internal.ts";
import { meRoutes } from "./routes/me.ts";
import { runRoutes } from "./routes/runs.ts";
import { sessionRoutes } from "./routes/session.ts";
import { sharedRoutes } from "./routes/shared.ts";
import { socketRoutes } from "./routes/socket.ts";
import { statsRoutes } from "./routes/stats.ts";
import { workflowRoutes } from "./routes/workflows.ts";
import { securityHeaders } from "./security-headers.ts";
import { servicesOf } from "./services.ts";
import { traceRequest } from "./trace.ts";

export function createApp(): OpenAPIHono<AppEnv> {
  const app = createRouter();
  app.onError(onError);
  app.notFound((c) => {
    const asked = `${c.req.method} ${c.req.path.slice(0, 100)}`;
    const allowed = methodsOf(app, c.req.path);
    if (allowed.length === 0) {
      const detail = `There is nothing at ${asked}. GET /docs shows what there is.`;
      return problemResponse({ code: "not_found", detail }, c.var.requestId);
    }
    const allow = allowed.join(", ");
    const detail = `There is no ${asked}. This address takes ${allow}.`;
    const response = problemResponse({ code: "method_not_allowed", detail }, c.var.requestId);
    response.headers.set("allow", allow);
    return response;
  });

  app.use(identifyRequest);
  app.use(traceRequest);
  app.use(securityHeaders);
  app.use(async (c, next) => {
    c.set("services", servicesOf(c.env));
    return next();
  });
  app.use(checkOrigin);
  app.use(tellLimits);
  app.use("/v1/*", errorsForSdks);
  for (const path of ["/health", "/docs/*", "/openapi.json"]) app.use(path, brakeStrangers);
  for (const path of ["/api/*", "/v1/*", "/ws/*"]) app.use(path, brakeAddress, identify, brakePerson);
  for (const path of ["/api/*", "/v1/*"]) app.use(path, wholeBody);
  for (const path of ["/api/chat/generate", "/api/workflows/start", "/v1/chat/completions"]) app.use(path, keepSession);

  for (const routes of [
    generateRoutes,
    completionRoutes,
    runRoutes,
    workflowRoutes,
    socketRoutes,
    internalRoutes,
    chatRoutes,
    statsRoutes,
    discoveryRoutes,
    sessionRoutes,
    meRoutes,
    sharedRoutes,
    adminRoutes,
    docsRoutes,
  ]) {
    app.route("/", routes);
  }
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: { title: "Keepstream", version: "1", description: "LLM chat that never loses an answer." },
  });
  return app;
}

/** The methods that an address takes; none when there is no such address. */
function methodsOf(app: OpenAPIHono<AppEnv>, path: string): string[] {
  const routes = app.routes.filter(({ method, path: pattern }) => method !== "ALL" && matches(pattern, path));
  const methods = new Set(routes.map(({ method }) => method));
  if (methods.has("GET")) methods.add("HEAD");
  return [...methods].sort();
}

function matches(pattern: string, path: string): boolean {
  const [parts, asked] = [pattern.split("/"), path.split("/")];
  return (
    parts.length === asked.length && parts.every((part, i) => (part.startsWith(":") ? asked[i] : part === asked[i]))
  );
}
