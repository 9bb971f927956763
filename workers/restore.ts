// Brings back what the archive has and this deployment has not: after its objects were lost, or in another account.
import { getLogger } from "@logtape/logtape";
import type { Archive, KeptChat } from "../archive/archive.ts";
import { reasonOf } from "../archive/reason.ts";
import type { RestoreReply } from "../protocol/access.ts";
import { refuse } from "./problem.ts";
import type { Services } from "./services.ts";

const logger = getLogger(["keepstream", "edge"]);

/** One page of chats, those after `after`; with the first one, the tokens. */
export async function restorePage(
  archive: Pick<Archive, "chatsAfter" | "tokens">,
  { chat, deployment, madeTokens }: Pick<Services, "chat" | "deployment" | "madeTokens">,
  after: string | null,
  limit: number,
): Promise<RestoreReply> {
  const [chats, kept] = await Promise.all([
    archive.chatsAfter(after ?? "", limit),
    after === null ? archive.tokens() : [],
  ]).catch(unreachable);
  const tokens = kept.length === 0 ? 0 : await deployment().restoreTokens(kept);
  // What is remembered of a token that nobody knew is untrue now.
  if (tokens > 0) madeTokens.forget();
  const next = chats.length < limit ? null : (chats.at(-1)?.id ?? null);
  const reply: RestoreReply = { restored: 0, present: 0, deleted: 0, tokens, failed: [], next };
  const adopt = async (each: KeptChat) => chat(each.id).adopt(each);
  const adoptions = await Promise.allSettled(chats.map(adopt));
  for (const [index, each] of chats.entries()) {
    const adoption = adoptions[index];
    if (adoption?.status !== "fulfilled") {
      logger.warn("a chat could not be brought back", { chat: each.id, error: String(adoption?.reason) });
      reply.failed.push({ chat: each.id, reason: "Its object could not be told of it. Try again." });
    } else if (adoption.value === "incomplete") {
      reply.failed.push({ chat: each.id, reason: incomplete(each) });
    } else {
      reply[adoption.value] += 1;
    }
  }
  return reply;
}

function unreachable(error: unknown): never {
  logger.warn("the archive can't be asked for what to bring back", { error: reasonOf(error) });
  refuse("archive_unreachable", "The archive does not answer now. Ask again in a moment.", { retryAfter: 5 });
}

const incomplete = ({ through, reach }: KeptChat) =>
  `The archive has its log up to ${reach} of ${through}: it was not told of all of it before its object was lost.`;
