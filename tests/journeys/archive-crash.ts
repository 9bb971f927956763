// The archive across crashes: an answer ends, and within some milliseconds the server, or Postgres, gets SIGKILL. In the end
// the archive must have every chat as its log has it: all of it, once, nothing else.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type Connect, connector } from "../../archive/database.ts";
import { migrateArchive } from "../../archive/migrate.ts";
import { type Endpoint, startEndpointThread } from "../../local/stores/endpoint.ts";
import type { ChunksReply } from "../../protocol/requests.ts";
import { rowsOfArchive, rowsOfLog } from "../archived.ts";
import { PostgresServer, withoutRealStores } from "../stores/servers.ts";
import { archiveSettings } from "../stores/test-stores.ts";
import type { Client } from "./client.ts";
import { follow } from "./readers.ts";
import { eventually, type Stack } from "./stack.ts";
import { Transcript } from "./transcript.ts";

const SECRET = "only-for-tests";
/** The outbox's second attempt comes after five seconds, the third half a minute later. */
const PATIENCE_MS = 100_000;

/** A Postgres that outlives the server and can be killed by itself: a real one, or where there is none PGlite. */
export class LastingArchive {
  readonly #endpoint: Endpoint;
  readonly #postgres: PostgresServer | undefined;
  readonly #folder: string;
  readonly connect: Connect;

  private constructor(endpoint: Endpoint, postgres: PostgresServer | undefined, folder: string) {
    this.#endpoint = endpoint;
    this.#postgres = postgres;
    this.#folder = folder;
    this.connect = connector(this.settings.DATABASE_URL, this.settings.NEON_FETCH_ENDPOINT);
  }

  static async start(): Promise<LastingArchive> {
    const postgres = withoutRealStores === undefined ? await PostgresServer.start() : undefined;
    const folder = mkdtempSync(join(tmpdir(), "keepstream-archive-"));
    const store = postgres ? { url: postgres.url } : { folder };
    const archive = new LastingArchive(
      await startEndpointThread({ protocol: "neon", store, secret: SECRET }),
      postgres,
      folder,
    );
    await migrateArchive(archive.connect);
    return archive;
  }

  get settings() {
    return archiveSettings(this.#endpoint.port);
  }

  get canBeKilled(): boolean {
    return this.#postgres !== undefined;
  }

  async kill(): Promise<void> {
    await this.#postgres?.kill();
  }

  async revive(): Promise<void> {
    await this.#postgres?.start();
  }

  async dispose(): Promise<void> {
    await this.#endpoint.close();
    await this.#postgres?.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface ArchiveCrash {
  kill: "server" | "postgres";
  /** Milliseconds after the answer's end was read. */
  after: number;
}

/** Returns the chat, whose rows are as its log says. */
export async function archiveCrash(
  stack: Stack,
  archive: LastingArchive,
  client: Client,
  { kill, after }: ArchiveCrash,
): Promise<string> {
  const prompt = `Archive, ${kill} killed after ${after} ms: ${crypto.randomUUID()} \u0000`;
  const aimed = stack.aim();
  const { id, chatId } = await client.ask({ prompt, model: "scripted-tokens-30-rate-0" });
  const reader = new Transcript();
  await follow(
    client,
    id,
    reader,
    () => "sse",
    () => reader.ended(id),
  );
  await sleep(after);
  if (kill === "server") {
    aimed();
    await stack.kill();
    await stack.start();
  } else {
    await archive.kill();
    await sleep(500);
    await archive.revive();
  }
  await eventually(`the archive has what ${chatId} has`, () => isArchived(archive, client, chatId), PATIENCE_MS);
  return chatId;
}

export async function isArchived(archive: LastingArchive, client: Client, chatId: string): Promise<boolean> {
  const { records } = (await (await client.get(`/api/chat/chunks/${chatId}`)).json()) as ChunksReply;
  const owner = client.token.slice(0, client.token.lastIndexOf("."));
  const rows = await rowsOfArchive(archive.connect(10_000), chatId).catch(() => undefined);
  return isDeepStrictEqual(rows, rowsOfLog({ id: chatId, owner, tenant: "open" }, records as never));
}
