import { describe, expect, it } from "vitest";
import { en } from "./en.ts";
import { makeFormats } from "./format.ts";
import { fr } from "./fr.ts";
import { chooseLocale } from "./locale.ts";
import { typeset } from "./typography.ts";
import { en as viewsEn } from "./views-en.ts";
import { fr as viewsFr } from "./views-fr.ts";

type Node = string | ((...args: never[]) => string) | Node[] | { [key: string]: Node };

const english = { page: en, views: viewsEn } as Node;
const french = { page: fr, views: viewsFr } as Node;

function leaves(node: Node, path = ""): [string, string][] {
  if (typeof node === "string") return [[path, node]];
  if (typeof node === "function") {
    return [0, 1, 2].map((n) => [`${path}(${n})`, node(...(Array(4).fill(n) as never[]))]);
  }
  return Object.entries(node).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
}

describe("the dictionaries", () => {
  it("have the same keys", () => {
    expect(leaves(french).map(([path]) => path)).toEqual(leaves(english).map(([path]) => path));
  });

  it("say something for every key, and nothing undefined", () => {
    for (const [path, text] of [...leaves(english), ...leaves(french)]) {
      expect(text.trim(), path).not.toBe("");
      expect(text, path).not.toMatch(/undefined|NaN|\[object/);
    }
  });

  it("are not English where they should be French", () => {
    const inEnglish = new Map(leaves(english));
    const same = leaves(french).filter(([path, text]) => text.length > 12 && inEnglish.get(path) === text);
    // One word in both languages, and names.
    const names = ([path, text]: [string, string]) =>
      path.includes(".health.parts.") || text.startsWith("Interruption ");
    expect(same.filter((leaf) => !names(leaf))).toEqual([]);
  });

  it("never break a line before French punctuation", () => {
    for (const [path, text] of leaves(typeset(french))) expect(text, path).not.toMatch(/ [?!;:»]|« /);
  });

  it("use the typographic apostrophe", () => {
    for (const [path, text] of [...leaves(english), ...leaves(french)]) expect(text, path).not.toContain("'");
  });
});

describe("chooseLocale", () => {
  it("takes what was chosen before, else the browser's first that we speak", () => {
    expect(chooseLocale("fr", ["en-US"])).toBe("fr");
    expect(chooseLocale(null, ["de-DE", "fr-CA", "en"])).toBe("fr");
    expect(chooseLocale(null, ["ja"])).toBe("en");
    expect(chooseLocale("xx", ["fr"])).toBe("en");
  });
});

describe("formats", () => {
  const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");
  const inFrance = makeFormats("fr-FR");
  const inAmerica = makeFormats("en-US");

  it("write money without a false zero", () => {
    expect(plain(inFrance.money(0.0041))).toBe("0,0041 $");
    expect(inAmerica.money(0)).toBe("$0");
    expect(inAmerica.money(0.00001)).toBe("< $0.0001");
    expect(inAmerica.money(12.8)).toBe("$12.80");
  });

  it("write durations as one says them", () => {
    expect(plain(inFrance.duration(212.4))).toBe("212 ms");
    expect(plain(inFrance.duration(7_900))).toBe("7,9 s");
    expect(inAmerica.duration(7_900)).toBe("7.9 s");
    expect(inAmerica.roundDuration(100_000)).toBe("100 s");
    expect(inAmerica.duration(59_990)).toBe("1 min 0 s");
    expect(inAmerica.duration(72_000)).toBe("1 min 12 s");
  });

  it("group by the reader's calendar days", () => {
    const now = new Date(2026, 2, 30, 1, 0).getTime();
    const at = (days: number, hour: number) => new Date(2026, 2, 30 - days, hour).getTime();
    expect(inAmerica.dayGroup(at(0, 0), now)).toBe("today");
    expect(inAmerica.dayGroup(at(1, 23), now)).toBe("yesterday");
    expect(inAmerica.dayGroup(at(2, 23), now)).toBe("week");
    expect(inAmerica.dayGroup(at(8, 23), now)).toBe("month");
    expect(inFrance.dayGroup(new Date(2025, 7, 1).getTime(), now)).toEqual({ month: "Août 2025" });
  });
});
