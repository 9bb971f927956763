// The same ask again and again: kept answers, or, as the baseline, the same answers made each time. How long until all of
// one is there, how many there are in a second, and what each costs.
import { Agent, request } from "node:http";
import { hashOf, scriptedText } from "../local/model/text.ts";
import { meter, type Pids } from "./meter.ts";
import { type Spread, spreadOf } from "./stats.ts";
import { type Addresses, sessions } from "./subjects.ts";

export interface HitsSpec {
  kind: "hits";
  subject: "made" | "hit";
  tokens: number;
  /** Asks under way at once, each in a chat of its own that is there already, or in a new one. */
  atOnce: number;
  chats: "old" | "new";
  asks: number;
}

export interface HitsResult {
  kind: "hits";
  /** From the ask to the last byte of the answer, ms. */
  whole: Spread;
  seconds: number;
  asks: number;
  /** CPU seconds of workerd. */
  cpu: number;
  /** Answers that are not what was asked for. */
  wrong: number;
  faults: string[];
}

export async function measureHits(spec: HitsSpec, { keepstream }: Addresses, pids: Pids): Promise<HitsResult> {
  const { subject, tokens, atOnce, chats, asks } = spec;
  const [token = ""] = await sessions(keepstream, 1);
  const prompt = `hits ${hashOf(`${Date.now()}`)}`;
  const whole = scriptedText(prompt, tokens);
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const body = {
    prompt,
    provider: "compatible",
    model: `scripted-tokens-${tokens}-rate-0`,
    tier: "redis",
    cache: { mode: subject === "hit" ? "default" : "no-store" },
  };
  const ask = (more: object) => post(agent, keepstream, token, JSON.stringify({ ...body, ...more }));
  // One is made, and has come to the cache.
  const places = [];
  for (let i = 0; i < atOnce; i++) places.push((await ask({ cache: {} })).chatId);
  await new Promise((resolve) => setTimeout(resolve, 1_500));

  const times: number[] = [];
  const faults: string[] = [];
  let left = asks;
  const worker = async (chatId: string | undefined) => {
    while (left-- > 0) {
      const begun = performance.now();
      const { text, status } = await ask(chats === "old" ? { chatId, parentId: null } : {});
      times.push(performance.now() - begun);
      if (text !== whole) faults.push("another text");
      if (subject === "hit" && !status.includes("; hit")) faults.push(status);
    }
  };
  const stop = meter(pids);
  await Promise.all(places.map(worker));
  const { seconds, workerd } = stop();
  agent.destroy();
  return { kind: "hits", whole: spreadOf(times), seconds, asks, cpu: workerd, wrong: faults.length, faults };
}

interface Answered {
  text: string;
  chatId: string | undefined;
  /** `Cache-Status`. */
  status: string;
}

function post(agent: Agent, address: string, token: string, body: string): Promise<Answered> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", accept: "text/plain" };
  return new Promise((resolve, reject) => {
    const sent = request(`${address}/api/chat/generate`, { method: "POST", agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { "x-chat-id": chatId, "cache-status": status } = response.headers;
        resolve({
          text: Buffer.concat(chunks).toString(),
          chatId: chatId as string | undefined,
          status: String(status),
        });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
