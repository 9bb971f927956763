// Proves PROTOCOL.md, "Search": words in one's own chats, whatever their accents and case, the last one unfinished.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { answerText } from "../../local/model/text.ts";
import { meReplySchema } from "../../protocol/access.ts";
import { type SearchReply, searchReplySchema } from "../../protocol/requests.ts";
import { answer, model, type Person, person, problem, read } from "./kit.ts";

async function search(who: Person, q: string): Promise<SearchReply["hits"]> {
  return (await read(await who.fetch(`/api/search?q=${encodeURIComponent(q)}`), searchReplySchema)).hits;
}

const PROMPTS = [
  "Où est l’élève Zoë ?",
  "The naïve élévateur",
  "Grüße aus Köln",
  "数学博物館 とは",
  "100% of a_b 'quoted' \"x\"",
] as const;

/** The archive may have yet to start. */
const PATIENTLY = { timeout: 20_000 };

let who: Person;
const chats: Record<string, string> = {};

beforeAll(async () => {
  who = await person();
  await Promise.all(
    PROMPTS.map(async (prompt) => {
      chats[prompt] = (await answer(who, { prompt, model: model("fast-rate-0") })).chatId;
    }),
  );
  await vi.waitFor(async () => {
    for (const prompt of PROMPTS) expect((await search(who, prompt)).length).toBeGreaterThan(0);
  }, PATIENTLY);
});

const idsOf = async (q: string) => [...new Set((await search(who, q)).map(({ chatId }) => chatId))];

describe("finds", () => {
  it.each([
    ["eleve", "Où est l’élève Zoë ?"],
    ["ÉLÈVE", "Où est l’élève Zoë ?"],
    ["zoë", "Où est l’élève Zoë ?"],
    ["élévat", "The naïve élévateur"],
    ["naive elevateur", "The naïve élévateur"],
    ["GRUSSE", ""],
    ["grüße", "Grüße aus Köln"],
    ["kol", "Grüße aus Köln"],
    ["数学博物館", "数学博物館 とは"],
    ["quoted x", "100% of a_b 'quoted' \"x\""],
    ["elevateur zoe", ""],
    ["nothingofthiskind", ""],
  ])("“%s” in “%s”", async (q, prompt) => {
    expect(await idsOf(q)).toEqual(prompt ? [chats[prompt]] : []);
  });

  it("answers as well as asks, with the words marked in their surroundings", async () => {
    const said = answerText("Grüße aus Köln");
    const word = said.match(/[a-z]{7,}/gi)?.[0] ?? "";
    const expected = { chatId: chats["Grüße aus Köln"], title: "Grüße aus Köln", messageId: "a1" };
    // The list and the search are told a moment after the run's end.
    await vi.waitFor(async () => {
      const hits = (await search(who, word)).filter(({ messageId }) => messageId === "a1");
      expect(hits).toContainEqual({
        ...expected,
        snippet: expect.stringContaining(`\u2068${word}\u2069`),
        time: expect.any(Number),
      });
    }, PATIENTLY);
  });

  it("the name of a chat, accents or not, and the new name after a change", async () => {
    const { chatId } = await answer(who, { prompt: "unnamed", model: model("tokens-3-rate-0") });
    const rename = (title: string) =>
      who.fetch(`/api/chats/${chatId}`, {
        method: "PATCH",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ title }),
      });
    await rename("Le Château étoilé");
    expect((await search(who, "chateau"))[0]).toMatchObject({ chatId, messageId: null, title: "Le Château étoilé" });
    expect(await idsOf("ETOIL")).toEqual([chatId]);
    await rename("Autre");
    expect(await idsOf("chateau")).toEqual([]);
    expect(await idsOf("autre")).toContain(chatId);
  });
});

describe("is safe with", () => {
  it.each([
    "'",
    '"',
    '""',
    "*",
    "^",
    "-",
    "(",
    "a OR",
    "NEAR(a b)",
    "text:x",
    "%",
    "_",
    "\\",
    "\u0301",
    "\u0000",
    "🧠",
    "😀😀",
    "؟",
    "a\u0000b",
  ])("%j", async (q) => {
    expect(await search(who, q)).toBeInstanceOf(Array);
  });

  it("lone surrogates and invalid UTF-8", async () => {
    for (const q of ["%ED%A0%80", "%FF", "%E4%BA", "a%00b"]) {
      await read(await who.fetch(`/api/search?q=${q}`), searchReplySchema);
    }
  });
});

it("refuses no words at all, and too many", async () => {
  for (const q of ["", "?q=", "?q=%20%20", `?q=${"x".repeat(201)}`]) {
    await problem(await who.fetch(`/api/search${q}`), "bad_request", 400);
  }
  expect(await search(who, "x".repeat(200))).toEqual([]);
});

it("is of one's own chats only", async () => {
  const other = await person();
  expect(await search(other, "eleve")).toEqual([]);
  await answer(other, { prompt: "mine", model: model("tokens-3-rate-0") });
  expect(await search(other, "eleve")).toEqual([]);
});

it("forgets what is deleted", async () => {
  const { chatId } = await answer(who, { prompt: "ephemeral hippopotamus", model: model("tokens-3-rate-0") });
  await vi.waitFor(async () => expect(await idsOf("hippopotamus")).toEqual([chatId]), PATIENTLY);
  await who.fetch(`/api/chats/${chatId}`, { method: "DELETE" });
  expect(await idsOf("hippopotamus")).toEqual([]);
});

it("finds a text once, as it was delivered last", async () => {
  const other = await person();
  const { person: name } = await read(await other.fetch("/api/me"), meReplySchema);
  const list = () => env.PERSON.get(env.PERSON.idFromName(name));
  const deliver = (chatId: string, ...texts: string[]) =>
    list().update({
      chatId,
      title: "Delivered",
      created: 1,
      updated: 1,
      running: false,
      through: 1,
      archived: 1,
      texts: texts.map((text, n) => ({ messageId: `m${n + 1}`, text, time: 1 })),
      settled: [],
      context: null,
    });
  /** What is found, and what its place is kept for, in the same order. */
  const found = () =>
    runInDurableObject(list(), (_, { storage: { sql } }) => ({
      texts: [
        ...sql.exec("SELECT chat, message, text FROM texts WHERE texts MATCH 'quagga' ORDER BY texts.rowid").raw(),
      ],
      places: [...sql.exec("SELECT chat, message FROM places ORDER BY place").raw()],
    }));
  const kept = (...texts: [string, string, string][]) => ({ texts, places: texts.map(([chat, id]) => [chat, id]) });
  const [one, two] = [env.CHAT.newUniqueId().toString(), env.CHAT.newUniqueId().toString()];
  await deliver(one, "quagga", "quagga again");
  await deliver(two, "quagga");
  await deliver(one, "a quagga");
  expect(await found()).toEqual(kept([one, "m2", "quagga again"], [two, "m1", "quagga"], [one, "m1", "a quagga"]));

  await deliver(two, "the quagga");
  expect(await found()).toEqual(kept([one, "m2", "quagga again"], [one, "m1", "a quagga"], [two, "m1", "the quagga"]));
  await list().forget(name, one);
  expect(await found()).toEqual(kept([two, "m1", "the quagga"]));
});
