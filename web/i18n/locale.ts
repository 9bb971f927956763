// The reader's language: remembered, else the browser's first that we speak. Words load one language at a time.
import { flatten, translator } from "@solid-primitives/i18n";
import { batch, createEffect, createMemo, createRoot, createSignal } from "solid-js";
import { recall, remember } from "../state/storage.ts";
import type { Dictionary } from "./en.ts";
import { makeFormats } from "./format.ts";
import { typeset } from "./typography.ts";

export type Locale = "en" | "fr";
export const LOCALES: readonly Locale[] = ["en", "fr"];

const load: Record<Locale, () => Promise<Dictionary>> = {
  en: () => import("./en.ts").then((module) => module.en),
  fr: () => import("./fr.ts").then((module) => typeset(module.fr)),
};

/** The first of the browser's languages that we speak, else English. */
export function chooseLocale(remembered: string | null, languages: readonly string[]): Locale {
  const wanted = remembered === null ? languages : [remembered];
  for (const language of wanted) {
    const known = LOCALES.find((locale) => language.toLowerCase().split("-")[0] === locale);
    if (known) return known;
  }
  return "en";
}

/** The tag numbers are written in: the browser's own region of that language where it names one (`fr-CA`). */
function numberLocale(locale: Locale): string {
  return navigator.languages.find((language) => language.toLowerCase().startsWith(`${locale}-`)) ?? locale;
}

/** Loads further words of a language; what it returns puts them in place. */
type Further = (locale: Locale) => Promise<() => void>;
const further: Further[] = [];

function makeLocale() {
  const [words, setWords] = createSignal<Dictionary>();
  const [locale, setLocale] = createSignal<Locale>(chooseLocale(recall("locale"), navigator.languages));
  const flat = createMemo(() => {
    const dictionary = words();
    return dictionary && flatten(dictionary);
  });
  const formats = createMemo(() => makeFormats(numberLocale(locale())));
  createEffect(() => {
    document.documentElement.lang = locale();
  });

  /** Loads the words of a language, then switches to it; the old words stay until then. */
  async function speak(next: Locale, keep = true): Promise<void> {
    const [dictionary, ...more] = await Promise.all([load[next](), ...further.map((one) => one(next))]);
    batch(() => {
      setWords(() => dictionary);
      for (const put of more) put();
      setLocale(next);
    });
    if (keep) remember("locale", next);
  }

  return { locale, speak, flat, formats };
}

const reader = createRoot(makeLocale);

export const { locale, speak } = reader;
/** A word or sentence by its key: `t("composer.send")`. Re-evaluated when the language changes. */
export const t = translator(() => reader.flat() as NonNullable<ReturnType<typeof reader.flat>>);
/** Numbers, money and durations in the reader's locale. */
export const format = () => reader.formats();

/** Words of a part of the page that is fetched later: loaded now, and from now on with each change of language. */
export async function alsoSpeak(words: Further): Promise<void> {
  further.push(words);
  try {
    const put = await words(locale());
    put();
  } catch (error) {
    further.splice(further.indexOf(words), 1);
    throw error;
  }
}

/** Loads the first language; the page is drawn after it. */
export const start = (): Promise<void> => speak(locale(), false);
