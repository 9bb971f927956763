// Colours for code: highlight.js and its languages, fetched the first time a code block closes.
import { fetched } from "../state/fetched.ts";

/** Longer code stays plain: colouring it would hold the page up for longer than it is worth. */
const LONGEST = 20_000;

let library: Promise<typeof import("./languages.ts")> | undefined;

/** The code as highlight.js markup, or `null` when its language is not known or it is too long. */
export async function highlight(code: string, language: string): Promise<string | null> {
  if (language === "" || code.length > LONGEST) return null;
  library ??= fetched(() => import("./languages.ts"));
  const { hljs } = await library;
  if (!hljs.getLanguage(language)) return null;
  await new Promise<void>((resolve) => {
    if ("requestIdleCallback" in window) requestIdleCallback(() => resolve(), { timeout: 500 });
    else setTimeout(resolve, 16);
  });
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}
