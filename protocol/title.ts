// A chat's title until somebody gives it another: the beginning of its first message.

const LENGTH = 60;

/** One line, cut at a word where there is one, never inside a surrogate pair. */
export function titleFrom(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (line.length <= LENGTH) return line;
  const cut = line.slice(0, LENGTH).replace(/[\uD800-\uDBFF]$/, "");
  const word = cut.lastIndexOf(" ");
  return `${cut.slice(0, word > LENGTH / 2 ? word : cut.length)}…`;
}
