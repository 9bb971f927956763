// The archive and the cache across crashes: an answer ends, and within some milliseconds the server, or Postgres, gets
// SIGKILL. In the end the archive must have every chat as its log has it, all of it, once, nothing else; and the cache gives
// the answer, which was made once.
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { Archive } from "../../archive/archive.ts";
import type { ScriptedModel } from "../../local/model/server.ts";
import type { ChunksReply, GenerateRequest } from "../../protocol/requests.ts";
import { idBefore, rowsOfArchive, rowsOfLog } from "../archived.ts";
import { type Client, ProblemError } from "./client.ts";
import { answered } from "./readers.ts";
import { eventually, type Stack } from "./stack.ts";
import type { LastingStores } from "./stores.ts";

/** The outbox's second attempt comes after five seconds, the third half a minute later. */
const PATIENCE_MS = 100_000;

export interface Site {
  stack: Stack;
  stores: LastingStores;
  model: ScriptedModel;
  client: Client;
}

export interface ArchiveCrash {
  /** `server when cached`: the archive can't be reached until the cache has the answer and the server was killed. */
  kill: "server" | "server when cached" | "postgres";
  /** Milliseconds after the answer's end was read, or after it was found in the cache. */
  after: number;
}

/** Returns the chats, whose rows are as their logs say. */
export async function archiveCrash(site: Site, { kill, after }: ArchiveCrash): Promise<string[]> {
  const { stack, stores, model, client } = site;
  const prompt = `Archive, ${kill} killed after ${after} ms: ${crypto.randomUUID()} \u0000`;
  const body: GenerateRequest = { prompt, model: "scripted-tokens-30-rate-0", tier: "redis" };
  const aimed = stack.aim();
  if (kill === "server when cached") await stores.archive.set("refuse");
  const made = await answered(client, body);
  const chats = [made.chatId];
  if (kill === "server when cached") chats.push((await kept(client, body)).chatId);
  await sleep(after);
  if (kill === "postgres") {
    await stores.kill("archive");
    await sleep(500);
    await stores.revive("archive");
  } else {
    aimed();
    await stack.kill();
    await stores.archive.set("pass");
    await stack.start();
  }
  const again = await kept(client, body);
  if (again.text !== made.text) throw new Error(`the cache has another answer:\n${again.text}\n${made.text}`);
  const requests = model.counters().perPrompt[prompt]?.requests;
  if (requests !== 1) throw new Error(`the model was asked ${requests} times`);
  chats.push(again.chatId);
  for (const chat of chats) {
    await eventually(`the archive has what ${chat} has`, () => isArchived(site, chat), PATIENCE_MS);
  }
  return chats;
}

/** The answer as the cache gives it, as soon as it has it: nobody is asked for it. */
export async function kept(client: Client, body: GenerateRequest) {
  const asked: GenerateRequest = { ...body, tier: "redis", cache: { mode: "only-if-cached" } };
  let given: Awaited<ReturnType<typeof answered>> | undefined;
  await eventually("the answer is kept", async () => {
    given = await answered(client, asked).catch((error) => {
      if (error instanceof ProblemError && error.problem.code === "not_cached") return undefined;
      throw error;
    });
    return given !== undefined;
  });
  if (!given) throw new Error("It was given a moment ago.");
  return given;
}

export async function isArchived({ stores, client }: Site, chatId: string): Promise<boolean> {
  const { records } = (await (await client.get(`/api/chat/chunks/${chatId}`)).json()) as ChunksReply;
  const owner = client.token.slice(0, client.token.lastIndexOf("."));
  const rows = await rowsOfArchive(stores.connect(10_000), chatId).catch(() => undefined);
  if (!isDeepStrictEqual(rows, rowsOfLog({ id: chatId, owner, tenant: "open" }, records as never))) return false;
  // The log itself is there as well, without a gap.
  const [kept] = await new Archive(stores.connect).chatsAfter(idBefore(chatId), 1);
  return kept?.id === chatId && kept.reach === records.length;
}
