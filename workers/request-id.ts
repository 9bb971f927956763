// Every response says which request it answers.
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./app-env.ts";

const GIVEN = /^[\w.-]{8,128}$/;

/** Takes the caller's id where it is a sane one. A socket's handshake keeps its own headers. */
export const identifyRequest = createMiddleware<AppEnv>(async (c, next) => {
  const given = c.req.header("x-request-id");
  const requestId = given && GIVEN.test(given) ? given : crypto.randomUUID();
  c.set("requestId", requestId);
  await next();
  if (c.res.status !== 101) c.header("x-request-id", requestId);
});
