// Proves docs/operations.md, "Back it up, and bring it back", by its own commands on real Postgres servers; and PROTOCOL.md,
// "What is kept of a person", where the archive is one: it has what the export has, and after an erasure nothing.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { meExportSchema } from "../../protocol/access.ts";
import { PostgresServer, postgresPrograms, withoutRealStores } from "../stores/servers.ts";
import { Client } from "./client.ts";
import { eventually, Stack } from "./stack.ts";

const OPERATIONS = resolve(import.meta.dirname, "../../docs/operations.md");
const [, COMMANDS = ""] = /^```sh backup\n([\s\S]*?)^```$/m.exec(readFileSync(OPERATIONS, "utf8")) ?? [];
const FAST = "scripted-tokens-12-rate-0";
/** Chats rest in the archive alone after some two seconds. */
const SOON = "0.00002";

describe.skipIf(withoutRealStores)(`Postgres${withoutRealStores ? ` (skipped: ${withoutRealStores})` : ""}`, () => {
  let model: ScriptedModel;
  let postgres: PostgresServer;
  const folder = mkdtempSync(join(tmpdir(), "keepstream-backup-"));

  beforeAll(async () => {
    model = await startScriptedModel();
    postgres = await PostgresServer.start();
  });
  afterAll(async () => {
    await postgres?.dispose();
    await model?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(evict: boolean): Promise<Stack> {
    const env = { POSTGRES_URL: postgres.url, ...(evict && { EVICT_AFTER_DAYS: SOON }) };
    return Stack.start({ scriptedModelUrl: model.url, env });
  }

  async function query<Row extends pg.QueryResultRow>(sql: string, ...values: unknown[]): Promise<Row[]> {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Every row of every table, as text. */
  async function everything(): Promise<string[]> {
    const tables = await query<{ name: string }>(
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'drizzle') ORDER BY 1",
    );
    const all: string[] = [];
    for (const { name } of tables) {
      const rows = await query<{ row: string }>(`SELECT t::text AS row FROM ${name} t ORDER BY 1`);
      all.push(...rows.map(({ row }) => `${name} ${row}`));
    }
    return all;
  }

  /** Some chats of different kinds: long and short, edited, renamed, stopped, asked again. */
  async function converse(client: Client): Promise<string[]> {
    const asked = async (body: Parameters<Client["ask"]>[0]) => {
      const reply = await client.ask({ model: FAST, ...body });
      await eventually("it ends", async () => (await client.status(reply.id)).state !== "running");
      return reply;
    };
    const one = await asked({ prompt: "Première question: é🧠 \u0000 'quotes' \\ and \"more\"" });
    await asked({ prompt: "And then?", chatId: one.chatId });
    await asked({ chatId: one.chatId });
    await fetch(`${client.base}/api/chats/${one.chatId}`, {
      method: "PATCH",
      headers: { ...client.headers, "content-type": "application/json" },
      body: JSON.stringify({ title: "Renommée" }),
    });
    const two = await asked({ prompt: "Long", model: "scripted-tokens-3000-rate-0", system: "Be long." });
    const three = await client.ask({ prompt: "Stopped", model: "scripted-tokens-500-rate-20" });
    await eventually("it speaks", async () => (await client.status(three.id)).progress.characters > 20);
    await client.cancel(three.id);
    return [one.chatId, two.chatId, three.chatId];
  }

  /** What there is to read of a chat, byte for byte. */
  async function readAll(client: Client, chats: string[]): Promise<string[]> {
    const paths = chats.flatMap((id) => [
      `/api/chats/${id}`,
      `/api/chats/${id}/export?format=md`,
      `/api/chat/chunks/${id}?offset=-1`,
    ]);
    const texts: string[] = [];
    for (const path of paths) {
      const response = await client.get(path);
      expect(response.status).toBe(200);
      texts.push(await response.text());
    }
    return texts;
  }

  it("a backup that is restored into an empty server gives the same rows, and the same chats byte for byte", async () => {
    const stack = await start(true);
    let empty: PostgresServer | undefined;
    try {
      const client = await Client.join(stack.url);
      const chats = await converse(client);
      const before = await readAll(client, chats);
      // Nobody visits them: they give up their own storage, and the archive alone has them.
      await eventually("the chats rest in the archive alone", async () => {
        const [found] = await query<{ count: string }>("SELECT count(DISTINCT chat_id) FROM snapshots");
        return Number(found?.count) === chats.length;
      });
      const rows = await everything();
      empty = await PostgresServer.start();
      const env = {
        PATH: `${postgresPrograms}${delimiter}${process.env.PATH}`,
        DATABASE_URL: postgres.url,
        NEW_DATABASE_URL: empty.url,
      };
      await promisify(execFile)("bash", ["-euo", "pipefail", "-c", COMMANDS], { cwd: folder, env });
      // The old server is no more, and the new one takes its place.
      await postgres.dispose();
      [postgres, empty] = [empty, undefined];
      expect(await everything()).toEqual(rows);
      await stack.kill();
      await stack.start({ POSTGRES_URL: postgres.url });
      expect(await readAll(client, chats)).toEqual(before);
    } finally {
      await empty?.dispose();
      await stack.dispose();
    }
  });

  it("a person's export has all that the archive has of them, and their erasure leaves nothing of it there", async () => {
    const stack = await start(false);
    try {
      const [client, other] = [await Client.join(stack.url), await Client.join(stack.url)];
      const chats = await converse(client);
      const [stays] = await converse(other);
      const of = async (table: string, ids: string[]) => query(`SELECT * FROM ${table} WHERE chat_id = ANY ($1)`, ids);
      const ofAll = async (ids: string[]) => (await Promise.all([of("messages", ids), of("runs", ids)])).flat().length;
      const exported = meExportSchema.parse(await (await client.get("/api/me/export")).json());
      const said = exported.chats.flatMap(({ messages }) => messages);
      await eventually("the archive has all of it", async () => (await of("messages", chats)).length === said.length);
      const texts = (await of("messages", chats)).map(({ id, text }) => [id, text]);
      // Postgres has no U+0000; the archive keeps its sign in its place.
      expect(said.map(({ id, text }) => [id, text.replaceAll("\u0000", "\u2400")]).sort()).toEqual(texts.sort());
      const receipts = said.filter(({ role }) => role === "assistant");
      expect(await of("runs", chats)).toHaveLength(receipts.length);

      expect((await fetch(`${stack.url}/api/me`, { method: "DELETE", headers: client.headers })).status).toBe(204);
      await eventually("the archive has nothing of them", async () => (await ofAll(chats)) === 0);
      const { person } = exported;
      const left = (await everything()).filter((row) => row.includes(person) || chats.some((id) => row.includes(id)));
      // Only that these are no more.
      expect(left.length).toBe(chats.length);
      for (const row of left) expect(row).toMatch(/^public\.chats \([0-9a-f]{64},,,,,,\d+,"[^"]+"\)$/);
      expect((await of("messages", [stays ?? ""])).length).toBeGreaterThan(0);
    } finally {
      await stack.dispose();
    }
  });
});
