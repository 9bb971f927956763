// Proves PROTOCOL.md, "The archive": search finds the same with it and without. The same texts are put where each search
// looks, and each is asked the same seeded questions.
import { env } from "cloudflare:workers";
import { expect, inject, it } from "vitest";
import { Archive } from "../../archive/archive.ts";
import { connector } from "../../archive/database.ts";
import { wordsOf } from "../../protocol/words.ts";
import { Random } from "../simulation/random.ts";
import { openLine } from "../stores/control.ts";

const TEXTS = 28;
const QUESTIONS = 150;
const WORDS =
  "élève Eleve ÉLÉVATEUR Zoë naïve Grüße Straße STRASSE Köln œuvre Œdipe Ångström Ελλάδα σοφός ΣΟΦΌΣ Москва ёлка Ёлки йод " +
  "数学 数学博物館 とは ガラス がらす 한국어 한국 العربية עברית Việt tiếng it's don't l’eau e-mail a_b v1.2.3 100% 3,14 x86 " +
  "me@example.org https://example.org/a?b=c C++ 🧠 日本🙂語 ½ x² Ⅳ fiancé fiance co\u0308operate café cafe\u0301 a\u0000b";
const GLUE = [" ", " ", " ", ", ", ". ", "\n", "-", "/", "'", "’", "_", "\u00a0", "—", " 🙂 "];

const stores = inject("stores");
const seed = Math.floor(Math.random() * 2 ** 31);

it.each(["real", "embedded"] as const)(`is the same as of the %s archive (seed ${seed})`, async (kind) => {
  if (kind === "real" && stores.withoutReal) return;
  const random = new Random(seed, kind);
  const words = WORDS.split(" ");
  const said = (count: number) => {
    let text = random.pick(words);
    for (let i = 1; i < count; i++) text += random.pick(GLUE) + random.pick(words);
    return text;
  };
  const owner = `anon:${crypto.randomUUID()}`;
  const { DATABASE_URL, NEON_FETCH_ENDPOINT } = (await openLine(stores, kind, "archive")).settings;
  const archive = new Archive(connector(DATABASE_URL, NEON_FETCH_ENDPOINT));
  const list = env.PERSON.get(env.PERSON.idFromName(owner));
  const texts: string[] = [];
  for (let chat = 0; chat < TEXTS / 2; chat++) {
    const id = env.CHAT.newUniqueId().toString();
    const about = { title: "—", created: 1, updated: 1, after: 0, log: "[]", through: 1 };
    const message = (name: string, text: string) => ({
      id: name,
      parent: null,
      role: "user" as const,
      text,
      run: null,
      time: random.between(1, 1_000),
    });
    const messages = [message("m1", said(random.between(1, 6))), message("a1", said(random.between(1, 20)))];
    await archive.save({ id, owner, tenant: "open", ...about, messages, runs: [] });
    texts.push(...messages.map(({ text }) => text));
    await list.update({
      ...{ chatId: id, ...about, running: false, settled: [], context: null },
      // The list thinks that the archive has none of it, and searches itself.
      archived: 0,
      texts: messages.map(({ id: messageId, text, time }) => ({ messageId, text, time })),
    });
  }
  const ask = (): string => {
    const word = random.chance(0.5) ? random.pick(words) : random.pick(wordsOf(random.pick(texts)));
    const part = random.chance(0.4) ? [...word].slice(0, random.between(1, 4)).join("") : word;
    const cased = random.pick([part, part.toUpperCase(), part.toLowerCase(), part.normalize("NFD")]);
    return random.chance(0.25) ? `${random.pick(words)} ${cased}` : cased;
  };
  const places = (hits: { chatId: string; messageId: string | null; time: number }[]) =>
    hits.map(({ chatId, messageId, time }) => `${chatId} ${messageId} ${time}`).sort();
  let found = 0;
  for (let i = 0; i < QUESTIONS; i++) {
    const question = ask();
    const [here, there] = [(await list.search(question)).hits, await archive.search(owner, question, [])];
    expect({ question, places: places(here) }).toEqual({ question, places: places(there) });
    found += here.length;
  }
  expect(found).toBeGreaterThan(QUESTIONS);
});
