// From a request of the API to an ask with all its defaults, or a refusal that says what is wrong.
import canonicalize from "canonicalize";
import type { RunAsk } from "../durable-objects/run-ask.ts";
import type { GenerateRequest } from "../protocol/requests.ts";
import { titleFrom } from "../protocol/title.ts";
import { expect, refuse } from "./problem.ts";
import type { Services } from "./services.ts";
import { selectTier } from "./tiers/select.ts";

export async function toRunAsk(
  services: Services,
  body: GenerateRequest,
  tenant: string,
  idempotency: RunAsk["idempotency"],
): Promise<RunAsk> {
  const { models } = services;
  const { prompt, chatId, parentId, temperature, maxOutputTokens, system, recovery, cache } = body;
  if (prompt === undefined && chatId === undefined) {
    refuse("bad_request", "prompt: say what to answer. It may only be left out to answer a message of a chat again.");
  }
  if (chatId === undefined && typeof parentId === "string") {
    refuse("bad_request", "parentId: it names a message of a chat; say in chatId which chat.");
  }
  const tier = selectTier(services, body.tier);
  const { provider, model } = await models.choose(body.provider, body.model);
  return {
    prompt: prompt ?? null,
    ...(parentId !== undefined && { parentId }),
    tier,
    provider,
    model,
    params: {
      temperature: temperature ?? null,
      maxOutputTokens: maxOutputTokens ?? null,
      system: system?.trim() ? system : null,
    },
    cache: {
      // Who asks for the same answer again wants another one.
      mode: cache?.mode ?? (prompt === undefined ? "no-cache" : "default"),
      ttl: cache?.ttl ?? null,
      pace: cache?.pace ?? "instant",
    },
    tenant,
    recovery: recovery ?? "replace",
    idempotency,
  };
}

/** A new chat for the ask. It is put on the person's list first, which also finds a repeated request again. */
export async function admit(services: Services, person: string, ask: RunAsk): Promise<string> {
  const list = services.person(person);
  const title = titleFrom(ask.history?.[0]?.text ?? ask.prompt ?? "");
  return expect(await list.admit(services.newChatId(), title, ask.idempotency, Date.now()));
}

/** What tells one request from another under the same key: its body, whatever the order of its properties. */
export async function fingerprint(key: string | undefined, body: object): Promise<RunAsk["idempotency"]> {
  if (key === undefined) return null;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonicalize(body)));
  return { key, fingerprint: [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}
