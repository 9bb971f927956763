// Another deployment: the same app and the same objects under settings of its own.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createApp } from "../../workers/app.ts";

export type Deployment = (path: string, init?: RequestInit) => Promise<Response>;

export function deployment(settings: Record<string, unknown>, origin = "https://keepstream.test"): Deployment {
  const app = createApp();
  const environment: Env = Object.assign(Object.create(null), env, settings);
  return async (path, init) => {
    const context = createExecutionContext();
    const response = await app.fetch(new Request(`${origin}${path}`, init), environment, context);
    await waitOnExecutionContext(context);
    return response;
  };
}
