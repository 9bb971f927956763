// What every route finds in its context.
import type { Standing } from "../durable-objects/quota.ts";
import type { Identity } from "./auth/identity.ts";
import type { Services } from "./services.ts";

export interface AppEnv {
  Bindings: Env;
  Variables: {
    services: Services;
    requestId: string;
    /** The request's span, as a `traceparent`. */
    trace: string;
    /** Who is asking; set on everything that belongs to somebody. */
    identity: Identity;
    /** The token of a person who came without any. */
    newSession?: string;
    /** How the caller's limits stand after this ask. */
    standings?: Standing[];
  };
}
