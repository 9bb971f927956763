// An attack on one stack of this machine: slow requests that never come to an end, bodies that are too large, and very
// many sockets of one person. Meanwhile somebody else asks, and must be answered as on any other day.
import { connect, type Socket as TcpSocket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { scriptedText } from "../../local/model/text.ts";
import { MAX_BODY_BYTES } from "../../protocol/limits.ts";
import { Client } from "./client.ts";
import { eventually, type Stack } from "./stack.ts";

export interface SiegeSize {
  /** Connections that send their head, or their body, a byte at a time. */
  slow: number;
  /** Bodies beyond the limit, half of them without saying so. */
  oversized: number;
  /** Sockets of one person, all on one chat. */
  sockets: number;
  /** Answers that somebody else asks for meanwhile. */
  answers: number;
}

export interface Verdict {
  /** How the bodies were answered, by status; 0 for a connection that was closed instead. */
  oversized: Record<number, number>;
  /** Slow bodies that were refused, and slow connections that were closed, by the end. */
  slow: { refused: number; open: number };
  sockets: number;
  /** Others' answers that came whole, and the slowest of them, ms. */
  whole: number;
  slowestMs: number;
  /** Memory of the edge, MB: before, at the worst, and when all had left. */
  memory: [number, number, number];
}

const TRICKLE_MS = 500;
/** A body has 30 s, or what its setting says; then some. */
const REFUSED_WITHIN_MS = 90_000;

export async function besiege(stack: Stack, size: SiegeSize): Promise<Verdict> {
  const [attacker, other] = [await Client.join(stack.url), await Client.join(stack.url)];
  const { chatId } = await attacker.ask({ prompt: "Mine", model: "scripted-tokens-3-rate-0" });
  const before = stack.memory();
  const slow = Array.from({ length: size.slow }, (_, i) => new Slow(stack.port, attacker.token, i % 2 === 0));
  const sockets = await openSockets(stack, attacker, chatId, size.sockets);
  const [oversized, answers] = await Promise.all([sendOversized(stack, attacker, size.oversized), ask(other, size)]);
  // Whoever is on the sockets is told of what happens in their chat, all the same.
  const { id } = await attacker.ask({ prompt: "Again", chatId, model: "scripted-tokens-3-rate-0" });
  await eventually("every socket has the answer", () => sockets.every(({ heard }) => heard.includes(id)));
  const worst = stack.memory();
  const bodies = slow.filter(({ head }) => !head);
  await eventually("slow bodies are refused", () => bodies.every(({ over }) => over), REFUSED_WITHIN_MS);
  const open = slow.filter(({ over }) => !over).length;
  for (const { socket } of sockets) socket.close();
  for (const each of slow) each.leave();
  const [again] = await ask(other, { answers: 1 });
  const all = [...answers, again];
  return {
    oversized,
    slow: {
      refused: bodies.filter(({ said }) => / 400 /.test(said)).length,
      open,
    },
    sockets: sockets.length,
    whole: all.filter((each) => each?.whole).length,
    slowestMs: Math.round(Math.max(...all.map((each) => each?.ms ?? 0))),
    memory: [before, worst, stack.memory()],
  };
}

/** A request that is never finished: its head, or its body, comes a byte at a time. */
class Slow {
  readonly head: boolean;
  readonly #connection: TcpSocket;
  readonly #timer: NodeJS.Timeout;
  said = "";
  /** The server has answered, or closed it. */
  over = false;

  constructor(port: number, token: string, head: boolean) {
    this.head = head;
    const start = "POST /api/chat/generate HTTP/1.1\r\nhost: localhost\r\n";
    const rest = `authorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n`;
    this.#connection = connect(port, "127.0.0.1");
    this.#connection.write(head ? start : start + rest);
    this.#connection.on("data", (data) => {
      this.said += data;
      this.over = true;
    });
    for (const event of ["close", "error"]) this.#connection.on(event, () => this.#end());
    this.#timer = setInterval(() => this.#connection.write(head ? "x" : " "), TRICKLE_MS);
  }

  #end(): void {
    this.over = true;
    clearInterval(this.#timer);
  }

  leave(): void {
    clearInterval(this.#timer);
    this.#connection.destroy();
  }
}

async function openSockets(stack: Stack, { token }: Client, chatId: string, count: number) {
  const opened: { socket: WebSocket; heard: string }[] = [];
  for (let from = 0; from < count; from += 50) {
    const some = Array.from({ length: Math.min(50, count - from) }, async () => {
      const socket = new WebSocket(`${stack.url.replace("http", "ws")}/ws/chat/${chatId}?offset=now`, {
        headers: { authorization: `Bearer ${token}` },
      } as never);
      const entry = { socket, heard: "" };
      socket.addEventListener("message", ({ data }) => {
        entry.heard += data;
      });
      await new Promise((resolve, reject) => {
        socket.addEventListener("open", resolve);
        socket.addEventListener("error", reject);
      });
      opened.push(entry);
    });
    await Promise.all(some);
  }
  return opened;
}

async function sendOversized({ url }: Stack, { headers }: Client, count: number) {
  const body = JSON.stringify({ prompt: "x", filler: "x".repeat(MAX_BODY_BYTES * 4) });
  const statuses: Record<number, number> = {};
  for (let n = 0; n < count; n++) {
    const init = n % 2 ? { body } : { body: new Blob([body]).stream(), duplex: "half" };
    const status = await fetch(`${url}/api/chat/generate`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      ...init,
    }).then(
      async (response) => {
        await response.body?.cancel();
        return response.status;
      },
      () => 0,
    );
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

/** One answer after the other, each read to its end. */
async function ask(client: Client, { answers }: Pick<SiegeSize, "answers">) {
  const results: { whole: boolean; ms: number }[] = [];
  for (let n = 0; n < answers; n++) {
    const prompt = `Others go on (${n})`;
    const began = performance.now();
    const body = { prompt, model: "scripted-tokens-40-rate-100" };
    const text = await (await client.post(body, { accept: "text/plain" })).text();
    results.push({ whole: text === scriptedText(prompt, 40), ms: performance.now() - began });
    await sleep(50);
  }
  return results;
}
