// A real Redis (or Valkey) behind the same endpoint. While it is away, commands are refused at once rather than kept:
// who asks a cache does not want to wait for one.
import { setTimeout as sleep } from "node:timers/promises";
import { ClientClosedError, createClient, ErrorReply, MultiErrorReply } from "redis";
import { type Command, CommandError, type RedisStore, type Reply, StoreDown, transactionDiscarded } from "./store.ts";

const LONGEST_RETRY_MS = 1_000;
/** How long a start waits for it. */
const FIRST_CONNECTION_MS = 1_000;

const connectTo = (url: string) =>
  createClient({
    url,
    // As Upstash replies: a hash is a flat list.
    RESP: 2,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: (retries) => Math.min(20 * 2 ** retries, LONGEST_RETRY_MS) },
  });

export class RealRedis implements RedisStore {
  readonly #client: ReturnType<typeof connectTo>;

  private constructor(client: ReturnType<typeof connectTo>) {
    this.#client = client;
  }

  /** It connects by itself, and again whenever the connection is lost; one that is there is waited for. */
  static async open(url: string): Promise<RealRedis> {
    const client = connectTo(url);
    // A lost connection is told by the next command; without a listener it would end the process.
    client.on("error", () => {});
    await Promise.race([client.connect().catch(() => {}), sleep(FIRST_CONNECTION_MS, undefined, { ref: false })]);
    return new RealRedis(client);
  }

  async run(commands: readonly Command[]): Promise<Reply[]> {
    const replies = commands.map(async (command): Promise<Reply> => {
      try {
        return (await this.#client.sendCommand([...command])) as Reply;
      } catch (error) {
        if (error instanceof ErrorReply) return new CommandError(error.message);
        throw new StoreDown(`Redis does not answer: ${String(error)}`);
      }
    });
    return Promise.all(replies);
  }

  async transaction(commands: readonly Command[]): Promise<Reply[]> {
    const multi = this.#client.multi();
    for (const command of commands) multi.addCommand([...command]);
    try {
      return toReplies(await multi.exec());
    } catch (error) {
      if (error instanceof MultiErrorReply) return toReplies(error.replies);
      // The client tells which command was none; Upstash tells what became of all.
      if (error instanceof ErrorReply) throw transactionDiscarded();
      throw new StoreDown(`Redis does not answer: ${String(error)}`);
    }
  }

  async close(): Promise<void> {
    try {
      this.#client.destroy();
    } catch (error) {
      if (!(error instanceof ClientClosedError)) throw error;
    }
  }
}

const toReplies = (replies: readonly unknown[]): Reply[] =>
  replies.map((reply) => (reply instanceof ErrorReply ? new CommandError(reply.message) : (reply as Reply)));
