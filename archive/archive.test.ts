import { asc, eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ARCHIVES, factsOf, openArchive, type TestArchive } from "../tests/archive-kit.ts";
import { messageRows, runRows, storable } from "./facts.ts";
import { migrateArchive } from "./migrate.ts";
import { chats, logParts, messages, runs, snapshots } from "./schema.ts";

describe.each(ARCHIVES)("over the $kind Postgres", ({ kind, absent }) => {
  if (absent) return it.skip(absent);
  let opened: TestArchive;

  beforeAll(async () => {
    opened = await openArchive(kind);
  }, 120_000);
  afterAll(() => opened.dispose());

  async function rowsOf(id: string) {
    const db = opened.connect(10_000);
    const [chat] = await db.select().from(chats).where(eq(chats.id, id));
    return {
      chat,
      messages: await db.select().from(messages).where(eq(messages.chatId, id)).orderBy(asc(messages.time)),
      runs: await db.select().from(runs).where(eq(runs.chatId, id)).orderBy(asc(runs.run)),
    };
  }

  it("is migrated once, however many do it at once", async () => {
    expect(await Promise.all([1, 2, 3].map(() => migrateArchive(opened.connect)))).toEqual([0, 0, 0]);
  });

  it("keeps every fact as it was told", async () => {
    const facts = factsOf("Où est \u0000 l’eau ? 🧠\\'\"", "Là-bas.\n\tEt 日本語");
    await opened.archive.save(facts);
    const { chat, ...rows } = await rowsOf(facts.id);
    expect(chat).toMatchObject({ owner: "me", tenant: "open", through: 3, deletedAt: null });
    expect(chat?.title).toBe("Où est \u2400 l’eau ? 🧠\\'\"");
    const told = messageRows(facts).map(({ search, ...row }) => ({ ...row, search: expect.any(String) }));
    expect(rows).toEqual({ messages: told, runs: runRows(facts) });
  });

  it("keeps an answer whatever its figures and its texts are", async () => {
    // What a provider, an older version's log or a person may have brought.
    const odd = [12.5, -1, 3_000_000_000, Number.MAX_SAFE_INTEGER, 1e300, 5e-324, Number.NaN, Number.POSITIVE_INFINITY];
    for (const figure of odd) {
      const facts = factsOf("odd", "said", { title: "\ud83e half \u0000" });
      const [run] = facts.runs;
      if (!run) throw new Error("There is a run.");
      const saved = { ms: figure, inputTokens: figure, outputTokens: figure, cost: figure };
      const amounts = { inputTokens: figure, outputTokens: figure, cost: figure, firstTokenMs: figure, age: figure };
      const error = { code: "internal", message: "\udca1 \u0000", retryAfter: figure } as const;
      // As it comes from the log, where it is JSON.
      run.ended = JSON.parse(
        JSON.stringify({ ...run.ended, error, receipt: { ...run.ended.receipt, ...amounts, saved, model: "\ud83e" } }),
      );
      run.started = { ...run.started, params: { ...run.started.params, system: "\ud800\u0000" } };
      await opened.archive.save(facts);
      const { runs } = await rowsOf(facts.id);
      const whole = Number.isSafeInteger(figure) && figure >= 0 ? figure : null;
      const finite = Number.isFinite(figure) ? figure : null;
      const expected = { inputTokens: whole, savedOutputTokens: whole, firstTokenMs: whole, cost: finite };
      expect(runs).toMatchObject([{ ...expected, errorRetryAfter: finite, model: "\ufffd" }]);
    }
  });

  it("keeps texts that an index could not hold, and finds them by what it holds", async () => {
    const letters = Array.from({ length: 200_000 }, (_, i) => String.fromCodePoint(0x4e00 + (i % 20_000))).join("");
    const words = Array.from({ length: 40_000 }, (_, i) => `word${i.toString(36)}`).join(" ");
    const texts = [
      letters,
      words,
      "x".repeat(200_000),
      `${"𐐷".repeat(90_000)} y`,
      "'\\ ".repeat(60_000),
      "\ud800 ".repeat(90_000),
      "\u0301".repeat(200_000),
    ];
    for (const text of texts) {
      const facts = factsOf(text, text, { owner: "long" });
      await opened.archive.save(facts);
      expect((await rowsOf(facts.id)).messages.map((row) => row.text)).toEqual([storable(text), storable(text)]);
    }
    expect(await opened.archive.search("long", "word0", [])).not.toEqual([]);
  });

  it("keeps once what it is told often, at once and after one another", async () => {
    const facts = factsOf("twice", "said");
    await Promise.all([1, 2, 3, 4].map(() => opened.archive.save(facts)));
    await opened.archive.save(facts);
    const { messages, runs } = await rowsOf(facts.id);
    expect([messages.length, runs.length]).toEqual([2, 1]);
  });

  it("does not take back a newer name for what comes late", async () => {
    const facts = factsOf("old", "said");
    await opened.archive.save({ ...facts, title: "new", through: 4, messages: [], runs: [] });
    await opened.archive.save(facts);
    const { chat, messages } = await rowsOf(facts.id);
    expect(chat).toMatchObject({ title: "new", through: 4 });
    expect(messages).toHaveLength(2);
  });

  describe("what was deleted", () => {
    it("is gone, but for a stone that has nothing of it", async () => {
      const facts = factsOf("delete me", "said");
      await opened.archive.save(facts);
      await opened.archive.putPart(facts.id, 0, "all of it");
      expect(await opened.archive.logAfter(facts.id, 0)).toHaveLength(1);
      await opened.archive.erase([facts.id], 1_000);
      const gone = { owner: null, tenant: null, title: null, createdAt: null, updatedAt: null, through: 0 };
      expect(await rowsOf(facts.id)).toEqual({
        chat: { id: facts.id, ...gone, deletedAt: new Date(1_000) },
        messages: [],
        runs: [],
      });
      expect(await opened.archive.getPart(facts.id, 0)).toBeUndefined();
      expect(await opened.archive.logAfter(facts.id, 0)).toEqual([]);
    });

    it("does not come back with what is late, known before or not", async () => {
      const [known, unknown] = [factsOf("known", "said"), factsOf("unknown", "said")];
      await opened.archive.save(known);
      await opened.archive.erase([known.id, unknown.id], 1_000);
      for (const facts of [known, unknown]) {
        await opened.archive.save({ ...facts, through: 9 });
        expect(await rowsOf(facts.id)).toMatchObject({ chat: { owner: null }, messages: [], runs: [] });
        expect(await opened.archive.logAfter(facts.id, 0)).toEqual([]);
      }
    });

    it("is nothing that could be brought back", async () => {
      const [gone, stays] = [factsOf("gone", "said"), factsOf("stays", "said")];
      for (const facts of [gone, stays]) await opened.archive.save(facts);
      await opened.archive.erase([gone.id], 1_000);
      const [next] = await opened.archive.chatsAfter(gone.id.replace(/.$/, "0"), 10);
      expect((await opened.archive.chatsAfter("", 1_000)).map(({ id }) => id)).not.toContain(gone.id);
      expect(next?.id).not.toBe(gone.id);
    });

    it("does not come back with what is told in the same moment", async () => {
      for (let round = 0; round < 20; round++) {
        const facts = factsOf("race", "said");
        const calls = [() => opened.archive.save(facts), () => opened.archive.erase([facts.id], 1_000)];
        await Promise.all((round % 2 ? calls : calls.reverse()).map((each) => each()));
        expect(await rowsOf(facts.id)).toMatchObject({ chat: { owner: null }, messages: [], runs: [] });
      }
    });
  });

  it("keeps a log as it is told of it: what goes further takes the place of what it repeats", async () => {
    const facts = factsOf("log", "said");
    const tell = (after: number, through: number, log: string) =>
      opened.archive.save({ ...facts, after, through, log, messages: [], runs: [] });
    await tell(0, 3, "[1,2,3] \\u0000 \\ud83e '\"");
    await tell(3, 4, "[4]");
    await tell(0, 5, "[1,2,3,4,5]");
    await tell(0, 3, "[1,2,3]");
    const parts = async (after: number) => opened.archive.logAfter(facts.id, after);
    expect(await parts(0)).toEqual(["[1,2,3,4,5]", "[4]"]);
    expect(await parts(4)).toEqual(["[1,2,3,4,5]"]);
    expect(await parts(5)).toEqual([]);
    const rows = await opened.connect(5_000).select().from(logParts).where(eq(logParts.chatId, facts.id));
    expect(rows.map(({ after, through }) => [after, through]).sort()).toEqual([
      [0, 5],
      [3, 4],
    ]);
  });

  it("gives a log that is large in pieces", async () => {
    const facts = factsOf("large", "said", { messages: [], runs: [] });
    for (let part = 0; part < 4; part++) {
      await opened.archive.save({ ...facts, after: part, through: part + 1, log: `${part}`.repeat(1_500_000) });
    }
    const pieces = await opened.archive.logAfter(facts.id, 0);
    expect(pieces.map((piece) => [piece[0], piece.length])).toEqual([0, 1, 2].map((part) => [`${part}`, 1_500_000]));
    expect(await opened.archive.logAfter(facts.id, 3)).toHaveLength(1);
  });

  it("knows tokens as they are now, and none of them by itself", async () => {
    const token = {
      id: "t1",
      name: "the \u0000 'one'",
      person: "made:t1",
      tenant: "org:x",
      scopes: ["read" as const],
      limits: {},
    };
    const made = { ...token, createdAt: 1, expiresAt: 8.64e15, revokedAt: null };
    const other = { ...made, id: "t2", name: "other" };
    await opened.archive.saveTokens([
      { token: made, digest: "d1" },
      { token: other, digest: "d2" },
    ]);
    await opened.archive.saveTokens([{ token: { ...made, revokedAt: 7 }, digest: "d1" }]);
    expect(await opened.archive.tokens()).toEqual([
      { token: { ...made, revokedAt: 7 }, digest: "d1" },
      { token: other, digest: "d2" },
    ]);
  });

  it("keeps a log's parts, and forgets those that are too many", async () => {
    const { id, ...facts } = factsOf("parts", "said");
    await opened.archive.save({ id, ...facts });
    for (const [part, body] of ["a", "b", "c"].entries()) await opened.archive.putPart(id, part, body);
    await opened.archive.putPart(id, 0, "A");
    await opened.archive.dropParts(id, 1);
    expect(await opened.connect(5_000).select().from(snapshots).where(eq(snapshots.chatId, id))).toEqual([
      { chatId: id, part: 0, body: "A" },
    ]);
  });

  describe("search", () => {
    const found = async (query: string, owner = "searcher", without: string[] = []) =>
      (await opened.archive.search(owner, query, without)).map(({ messageId, snippet }) => [messageId, snippet]);

    beforeAll(async () => {
      await opened.archive.save(factsOf("Où est l’élève Zoë ?", "Elle lit.", { owner: "searcher" }));
      await opened.archive.save(factsOf("數學 is fun", "a".repeat(5_000), { owner: "searcher" }));
      await opened.archive.save(factsOf("élève", "x", { owner: "it's\\ me" }));
    });

    it("marks the words in their surroundings", async () => {
      expect(await found("eleve")).toEqual([["m1", "Où est l’\u2068élève\u2069 Zoë ?"]]);
    });

    it("takes the last word unfinished, and every word", async () => {
      expect(await found("ELEVE zo")).toHaveLength(1);
      expect(await found("zo eleve")).toEqual([]);
      expect(await found("aaaa")).toHaveLength(1);
      expect(await found("數")).toHaveLength(1);
    });

    it("is of one's own, and not of what is left out", async () => {
      expect(await found("eleve", "it's\\ me")).toHaveLength(1);
      expect(await found("eleve", "nobody")).toEqual([]);
      const [hit] = await opened.archive.search("searcher", "eleve", []);
      expect(await found("eleve", "searcher", [hit?.chatId ?? ""])).toEqual([]);
    });

    it.each(["", "'", "\\", "\u0000", "a & b | !", "\u0301", "🧠"])("is safe with %j", async (query) => {
      expect(await found(query)).toEqual([]);
    });
  });
});
