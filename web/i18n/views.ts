// The words of the views beside the chat, which are fetched with the first of them.
import { flatten, translator } from "@solid-primitives/i18n";
import { createMemo, createRoot, createSignal } from "solid-js";
import { alsoSpeak, type Locale } from "./locale.ts";
import { loadSaid } from "./said.ts";
import { typeset } from "./typography.ts";
import type { ViewsDictionary } from "./views-en.ts";

const load: Record<Locale, () => Promise<ViewsDictionary>> = {
  en: () => import("./views-en.ts").then((module) => module.en),
  fr: () => import("./views-fr.ts").then((module) => typeset(module.fr)),
};

const { words, flat, setWords } = createRoot(() => {
  const [words, setWords] = createSignal<ViewsDictionary>();
  const flat = createMemo(() => {
    const dictionary = words();
    return dictionary && flatten(dictionary);
  });
  return { words, flat, setWords };
});

/** A word or sentence of these views by its key: `v("stats.lead")`. Read after `loadViewWords` only. */
export const v = translator(() => flat() as NonNullable<ReturnType<typeof flat>>);

/** The words in their own shape, for lists. Read after `loadViewWords` only. */
export const viewWords = () => words() as ViewsDictionary;

/** The name of a part in `/health`; one that is new to the page is called as it calls itself. */
export const partName = (part: string): string => words()?.health.parts[part] ?? part;

let loading: Promise<void> | undefined;

export const loadViewWords = (): Promise<void> => {
  loading ??= alsoSpeak(async (locale) => {
    // A view's first word may be one of the server's.
    const [words] = await Promise.all([load[locale](), loadSaid(locale)]);
    return () => setWords(() => words);
  }).catch((error) => {
    // They may be had the next time.
    loading = undefined;
    throw error;
  });
  return loading;
};
