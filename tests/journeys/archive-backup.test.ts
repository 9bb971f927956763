// Proves docs/operations.md, "Back it up, and bring it back", by its own commands: with the objects there, and with all of
// them lost; and PROTOCOL.md, "What is kept of a person", where the archive is one: it has what the export has, and after
// an erasure nothing.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { asc, eq } from "drizzle-orm";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Connect, connector } from "../../archive/database.ts";
import { migrateArchive } from "../../archive/migrate.ts";
import { chats as chatsTable, logParts } from "../../archive/schema.ts";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { startEndpointThread } from "../../local/stores/endpoint.ts";
import { type MadeToken, type MeReply, meExportSchema } from "../../protocol/access.ts";
import type { ChatReply, ChunksReply, SearchReply } from "../../protocol/requests.ts";
import { rowsOfArchive, rowsOfLog } from "../archived.ts";
import { PostgresServer, postgresPrograms, withoutRealStores } from "../stores/servers.ts";
import { archiveSettings, SECRET } from "../stores/test-stores.ts";
import { Client } from "./client.ts";
import { eventually, Stack } from "./stack.ts";

/** Three starts of a stack and a database beside it, on a machine that does much else. */
vi.setConfig({ testTimeout: 300_000 });

const ROOT = resolve(import.meta.dirname, "../..");
const OPERATIONS = join(ROOT, "docs/operations.md");
/** What the document says to do: with the database, then with what its objects have lost. */
const [COMMANDS = "", RESTORE = ""] = [
  ...readFileSync(OPERATIONS, "utf8").matchAll(/^```sh backup\n([\s\S]*?)^```$/gm),
].map(([, script = ""]) => script);
const shell = (script: string, env: NodeJS.ProcessEnv, cwd: string) =>
  promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], {
    cwd,
    env: { ...env, PATH: [postgresPrograms, process.env.PATH].filter(Boolean).join(delimiter) },
  });
const FAST = "scripted-tokens-12-rate-0";
/** Chats rest in the archive alone after some two seconds. */
const SOON = "0.00002";

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
  await asked({ prompt: "Or rather?", chatId: one.chatId, parentId: "a1" });
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
    `/api/chats/${id}/export?format=json`,
    `/api/chat/chunks/${id}?offset=-1`,
    `/api/chat/status/${id}.1`,
  ]);
  const texts: string[] = [];
  for (const path of paths) {
    const response = await client.get(path);
    expect([path, response.status]).toEqual([path, 200]);
    texts.push(await response.text());
  }
  return texts;
}

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

  const start = () => Stack.start({ scriptedModelUrl: model.url, env: { POSTGRES_URL: postgres.url } });

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

  it("a backup that is restored into an empty server gives the same rows, and the same chats byte for byte", async () => {
    const stack = await start();
    let empty: PostgresServer | undefined;
    try {
      const client = await Client.join(stack.url);
      const chats = await converse(client);
      const before = await readAll(client, chats);
      // That chats rest is switched on when they lie idle already: from their next visit on.
      await stack.kill();
      await stack.start({ EVICT_AFTER_DAYS: SOON });
      expect(await readAll(client, chats)).toEqual(before);
      // Nobody visits them any more: they give up their own storage, and the archive alone has them.
      await eventually("the chats rest in the archive alone", async () => {
        const [found] = await query<{ count: string }>("SELECT count(DISTINCT chat_id) FROM snapshots");
        return Number(found?.count) === chats.length;
      });
      const rows = await everything();
      empty = await PostgresServer.start();
      await shell(COMMANDS, { DATABASE_URL: postgres.url, NEW_DATABASE_URL: empty.url }, folder);
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
    const stack = await start();
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

/** Where the archive is: what can be asked of it, what leads a stack to it, and a copy of it as a backup gives one. */
interface Store {
  connect: Connect;
  vars: Record<string, string>;
  /** Ends this one. */
  copy(): Promise<Store>;
  dispose(): Promise<void>;
}

async function serve(store: { url: string } | { folder: string }) {
  const endpoint = await startEndpointThread({ protocol: "neon", store, secret: SECRET });
  const vars = archiveSettings(endpoint.port);
  return { endpoint, vars, connect: connector(vars.DATABASE_URL, vars.NEON_FETCH_ENDPOINT) };
}

/** A Postgres server, copied by the document's commands. */
async function realStore(server: PostgresServer): Promise<Store> {
  const { endpoint, ...store } = await serve({ url: server.url });
  const dispose = async () => {
    await endpoint.close();
    await server.dispose();
  };
  return {
    ...store,
    dispose,
    async copy() {
      const folder = mkdtempSync(join(tmpdir(), "keepstream-backup-"));
      try {
        const empty = await PostgresServer.start();
        await shell(COMMANDS, { DATABASE_URL: server.url, NEW_DATABASE_URL: empty.url }, folder);
        await dispose();
        return await realStore(empty);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** The database of `npm start`, copied as the folder that it is. */
async function embeddedStore(folder = mkdtempSync(join(tmpdir(), "keepstream-backup-"))): Promise<Store> {
  const { endpoint, ...store } = await serve({ folder });
  const dispose = async () => {
    await endpoint.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    ...store,
    dispose,
    async copy() {
      await endpoint.close();
      const copy = mkdtempSync(join(tmpdir(), "keepstream-backup-"));
      cpSync(folder, copy, { recursive: true });
      await dispose();
      return embeddedStore(copy);
    },
  };
}

const STORES = [
  { kind: "real", absent: withoutRealStores, open: async () => realStore(await PostgresServer.start()) },
  { kind: "embedded", absent: undefined, open: () => embeddedStore() },
];

/** What the command says came of it: brought back, here, deleted here, tokens, failed. */
const told = (output: string) => [...output.matchAll(/^ {2}[a-z ]+: (\d+)$/gm)].map(([, count]) => Number(count));

describe.each(STORES)("the $kind archive, and nothing else", ({ absent, open }) => {
  if (absent) return it.skip(absent);

  it("brings everything back to everybody, byte for byte, once", async () => {
    const model = await startScriptedModel();
    let store = await open();
    let stack: Stack | undefined;
    try {
      await migrateArchive(store.connect);
      const secrets = {
        ADMIN_TOKEN: "the-admin-of-two-systems",
        API_TOKENS: "a-token-of-a-script",
        SESSION_SECRET: "the-secret-of-two-systems",
      };
      const running = await Stack.start({ scriptedModelUrl: model.url, env: { ...secrets, ...store.vars } });
      stack = running;
      const admin = Client.with(running.url, secrets.ADMIN_TOKEN);
      const made = await fetch(`${running.url}/api/admin/tokens`, {
        method: "POST",
        headers: { ...admin.headers, "content-type": "application/json" },
        body: JSON.stringify({ name: "Ann", limits: { dollarsPerDay: 2 } }),
      });
      const people = [
        await Client.join(running.url),
        Client.with(running.url, "a-token-of-a-script"),
        Client.with(running.url, ((await made.json()) as MadeToken).token),
      ];
      const said = await Promise.all(people.map(async (client) => ({ client, chats: await converse(client) })));
      const ids = said.flatMap(({ chats }) => chats);
      const isComplete = async (client: Client, id: string) => {
        const { records } = (await (await client.get(`/api/chat/chunks/${id}?offset=-1`)).json()) as ChunksReply;
        const { person: owner, tenant } = (await (await client.get("/api/me")).json()) as MeReply;
        expect(await rowsOfArchive(store.connect(10_000), id)).toEqual(
          rowsOfLog({ id, owner, tenant }, records as never),
        );
      };
      const complete = () =>
        vi.waitFor(
          async () => {
            for (const { client, chats } of said) for (const id of chats) await isComplete(client, id);
          },
          { timeout: 60_000, interval: 200 },
        );
      await complete();
      const lists = () => Promise.all(people.map(async (client) => (await client.get("/api/chats")).text()));
      const texts = () => Promise.all(said.map(({ client, chats }) => readAll(client, chats)));
      const found = async (client: Client) =>
        ((await (await client.get("/api/search?q=premiere")).json()) as SearchReply).hits.map((hit) => hit.chatId);
      const [listed, before, hits] = [await lists(), await texts(), await Promise.all(people.map(found))];
      expect(hits.map((each) => each.length > 0)).toEqual([true, true, true]);

      // All is lost but the archive's backup and what was configured.
      await running.kill();
      for (const entry of readdirSync(running.data)) rmSync(join(running.data, entry), { recursive: true });
      store = await store.copy();
      await running.start(store.vars);
      for (const { client, chats } of said) {
        expect([404, 401]).toContain((await client.get(`/api/chats/${chats[0]}`)).status);
      }
      const env = { HOME: process.env.HOME, ADMIN_TOKEN: secrets.ADMIN_TOKEN, URL: running.url };
      const { stdout } = await shell(RESTORE, env, ROOT);
      expect(told(stdout)).toEqual([ids.length, 0, 0, 1, 0]);

      expect(await lists()).toEqual(listed);
      expect(await texts()).toEqual(before);
      expect(await Promise.all(people.map(found))).toEqual(hits);
      for (const [index, { chats }] of said.entries()) {
        for (const client of [...people.filter((_, other) => other !== index), await Client.join(running.url)]) {
          for (const id of chats) expect((await client.get(`/api/chats/${id}`)).status).toBe(403);
        }
      }

      // It goes on: in the chats, and in the archive, once and without a gap.
      for (const { client, chats } of said) {
        const reply = await client.ask({ prompt: "And now?", chatId: chats[0] ?? "", model: FAST });
        await eventually("it ends", async () => (await client.status(reply.id)).state === "completed");
      }
      await complete();
      const { stdout: again } = await shell(RESTORE, env, ROOT);
      expect(told(again)).toEqual([0, ids.length, 0, 0, 0]);
      await complete();
      const db = store.connect(10_000);
      expect((await db.select({ id: chatsTable.id }).from(chatsTable)).map(({ id }) => id).sort()).toEqual(ids.sort());
      for (const { client, chats } of said) {
        for (const id of chats) {
          const { offset } = (await (await client.get(`/api/chats/${id}`)).json()) as ChatReply;
          const parts = await db.select().from(logParts).where(eq(logParts.chatId, id)).orderBy(asc(logParts.after));
          const ends = parts.map(({ through }) => through);
          expect(parts.map(({ after }) => after)).toEqual([0, ...ends.slice(0, -1)]);
          expect(ends.at(-1)).toBe(Number.parseInt(offset, 16));
        }
      }
    } finally {
      await stack?.dispose();
      await store.dispose();
      await model.close();
    }
  });
});
