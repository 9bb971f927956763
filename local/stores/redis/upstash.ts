// Upstash's REST protocol, as its driver speaks it, in front of a store: one command at `/`, several at `/pipeline`,
// several at once at `/multi-exec`. `/health` is ours, and open to all.
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import { type Command, CommandError, type RedisStore, type Reply, StoreDown } from "./store.ts";

/** Half a surrogate pair becomes U+FFFD, as it would on the way to any Redis. */
const argument = z.union([z.string(), z.number(), z.boolean()]).transform((value) => String(value).toWellFormed());
const commandSchema = z.array(argument).min(1);
const commandsSchema = z.array(commandSchema);

type Outcome = { result: Reply } | { error: string };

export function upstashApp(store: RedisStore, token: string): Hono {
  const app = new Hono();

  app.get("/health", async (call) => {
    await store.run([["PING"]]);
    return call.json({ status: "ok" });
  });

  app.use(async (call, next) => {
    if (call.req.header("authorization") !== `Bearer ${token}`) {
      return call.json({ error: "WRONGPASS invalid or missing auth token" }, 401);
    }
    await next();
    // There is one copy of the data, so every read sees every write; any token says so.
    call.header("upstash-sync-token", call.req.header("upstash-sync-token") || "keepstream");
  });

  app.post("/", async (call) => {
    const command = await body(call.req.raw, commandSchema);
    const [reply = null] = await store.run([command]);
    const outcome = outcomeOf(reply, call.req.header("upstash-encoding"));
    return call.json(outcome, "error" in outcome ? 400 : 200);
  });

  const many = (path: string, run: (commands: Command[]) => Promise<Reply[]>) =>
    app.post(path, async (call) => {
      const replies = await run(await body(call.req.raw, commandsSchema));
      return call.json(replies.map((reply) => outcomeOf(reply, call.req.header("upstash-encoding"))));
    });
  many("/pipeline", (commands) => store.run(commands));
  many("/multi-exec", (commands) => store.transaction(commands));

  app.notFound((call) => call.json({ error: `ERR ${call.req.method} ${call.req.path} is not served here` }, 404));
  app.onError((error, call) => {
    if (error instanceof HTTPException || error instanceof CommandError)
      return call.json({ error: error.message }, 400);
    if (error instanceof StoreDown) return call.json({ error: error.message }, 503);
    console.error(error);
    return call.json({ error: "ERR internal error" }, 500);
  });
  return app;
}

async function body<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  const { data, success } = schema.safeParse(await request.json().catch(() => undefined));
  if (!success) throw new HTTPException(400, { message: "ERR failed to parse command" });
  return data;
}

function outcomeOf(reply: Reply, encoding: string | undefined): Outcome {
  if (reply instanceof CommandError) return { error: reply.message };
  return { result: encoding === "base64" ? encoded(reply) : reply };
}

/** Every string but `OK` in base64: the driver decodes every string but that one. */
function encoded(reply: Reply): Reply {
  if (Array.isArray(reply)) return reply.map(encoded);
  return typeof reply === "string" && reply !== "OK" ? Buffer.from(reply).toString("base64") : reply;
}
