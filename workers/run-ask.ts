// From a request of the API to an ask with all its defaults, or a refusal that says what is wrong.
import type { RunAsk } from "../durable-objects/run-ask.ts";
import type { GenerateRequest } from "../protocol/requests.ts";
import { refuse } from "./problem.ts";
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
