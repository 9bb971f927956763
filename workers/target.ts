// From an id on the wire to the object it names. One of another form reaches none, one that nobody gave an empty one.
import { z } from "zod";
import type { ChatObject } from "../durable-objects/chat.ts";
import { parseTarget } from "../protocol/ids.ts";
import { parseOffset, type ResumePoint } from "../protocol/offsets.ts";
import { refuse } from "./problem.ts";
import type { Services } from "./services.ts";

export const targetParams = z.object({ id: z.string().max(100).describe("A run's id, or a chat's.") });
export const runParams = z.object({ id: z.string().max(100).describe("A run's id.") });
export const chatParams = z.object({ chatId: z.string().max(100).describe("A chat's id.") });

export interface ChatTarget {
  chat: DurableObjectStub<ChatObject>;
  chatId: string;
  run: number | undefined;
}

export function chatTarget(services: Services, id: string): ChatTarget {
  const target = parseTarget(id);
  if (!target) refuse("unknown_chat", "There is no such chat or run. Ids are given by POST /api/chat/generate.");
  return { chat: services.chat(target.chatId), chatId: target.chatId, run: target.run };
}

export function runTarget(services: Services, id: string): ChatTarget & { run: number } {
  const target = chatTarget(services, id);
  if (target.run === undefined)
    refuse("unknown_run", "This names a whole chat. A run's id ends in a dot and a number.");
  return { ...target, run: target.run };
}

/** Where to resume: `Last-Event-ID`, then `?offset=`, then `?from=`. */
export function resumePoint(...tokens: (string | undefined)[]): ResumePoint | undefined {
  const token = tokens.find((each) => each !== undefined && each !== "");
  if (token === undefined) return undefined;
  const point = parseOffset(token);
  if (point === undefined) {
    refuse("offset_invalid", `"${token.slice(0, 40)}" is no offset. Use one you were given, -1 or now.`);
  }
  return point;
}
