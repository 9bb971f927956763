// The embedded store: the keyspace in this process, kept in a folder as a journal of the commands that changed it, each
// with its time. Opening it runs them again. One process at a time holds a folder.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Lock, takeLock } from "../../lock.ts";
import { checkCommand, execute, rebuild } from "./commands.ts";
import { Journal } from "./journal.ts";
import { Keyspace } from "./keyspace.ts";
import { type Command, CommandError, type RedisStore, type Reply, transactionDiscarded } from "./store.ts";

/** What happened at one moment, together. */
type Line = [now: number, ...commands: Command[]];

/** The journal is written anew when it has grown to twice what is kept, and by this much. */
const SLACK_BYTES = 16 * 1024 * 1024;

export class EmbeddedRedis implements RedisStore {
  readonly #space = new Keyspace();
  readonly #lock: Lock;
  readonly #journal: Journal;
  readonly #clock: () => number;
  #keptBytes: number;

  /** Throws a `StartError` when another process has the folder. */
  constructor(folder: string, clock: () => number = Date.now) {
    mkdirSync(folder, { recursive: true });
    this.#lock = takeLock(folder, "its embedded Redis");
    this.#clock = clock;
    const path = join(folder, "redis.jsonl");
    for (const line of Journal.read(path)) {
      const [now, ...commands] = line as Line;
      this.#space.advance(now);
      for (const command of commands) execute(this.#space, command);
    }
    this.#space.advance(clock());
    this.#journal = Journal.create(path, this.#kept());
    this.#keptBytes = this.#journal.size;
  }

  async run(commands: readonly Command[]): Promise<Reply[]> {
    this.#space.advance(this.#clock());
    const written: Command[] = [];
    const replies = commands.map((command) => {
      const { reply, wrote } = execute(this.#space, command);
      if (wrote) written.push(command);
      return reply;
    });
    if (written.length > 0) this.#keep([this.#space.now, ...written]);
    return replies;
  }

  async transaction(commands: readonly Command[]): Promise<Reply[]> {
    try {
      for (const command of commands) checkCommand(command);
    } catch (error) {
      if (error instanceof CommandError) throw transactionDiscarded();
      throw error;
    }
    return this.run(commands);
  }

  async close(): Promise<void> {
    this.#journal.close();
    this.#lock.release();
  }

  #keep(line: Line): void {
    this.#journal.append(line);
    if (this.#journal.size < 2 * this.#keptBytes + SLACK_BYTES) return;
    this.#journal.rewrite(this.#kept());
    this.#keptBytes = this.#journal.size;
  }

  *#kept(): Iterable<Line> {
    for (const [key, entry] of this.#space.entries()) yield [this.#space.now, ...rebuild(key, entry)];
  }
}
