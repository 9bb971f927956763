// Formulas in Markdown: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`, as models write them. Here they are only found; until
// `math.ts` has drawn one it stands as its source.
import type { TokenizerAndRendererExtension, Tokens } from "marked";
import { escapeHtml } from "./escape.ts";

/** A dollar is money unless it hugs its formula on both sides and no digit follows: `$5 and $10` are prices. */
const INLINE = [
  { pattern: /^\$\$([^$\n]+?)\$\$/, display: true },
  { pattern: /^\$(?![\s$])((?:\\.|[^\\$\n])*?(?:\\.|[^\\$\s]))\$(?!\d)/, display: false },
  { pattern: /^\\\(([^\n]+?)\\\)/, display: false },
  { pattern: /^\\\[([^\n]+?)\\\]/, display: true },
];
/** A number and then words: two prices in one sentence (`$5, or 10$`). */
const PRICE = /^\d[\d.,]*\s[\s\S]*\p{L}{2}/u;
const BLOCK = [/^ {0,3}\$\$([\s\S]+?)\$\$[ \t]*(?:\n+|$)/, /^ {0,3}\\\[([\s\S]+?)\\\][ \t]*(?:\n+|$)/];

/** A formula's element: its source as text, and as what `math.ts` draws it from. */
function formula({ text, display }: Tokens.Generic): string {
  const tex = escapeHtml(text);
  return `<span class="math${display ? " display" : ""}" data-tex="${tex}">${tex}</span>`;
}

const startOf = (pattern: RegExp) => (source: string) => {
  const at = source.search(pattern);
  return at < 0 ? undefined : at;
};

const inlineMath: TokenizerAndRendererExtension = {
  name: "math",
  level: "inline",
  start: startOf(/\$|\\[([]/),
  tokenizer(source) {
    for (const { pattern, display } of INLINE) {
      const match = pattern.exec(source);
      const text = match?.[1]?.trim();
      if (match && text && !PRICE.test(text)) return { type: "math", raw: match[0], text, display };
    }
    return undefined;
  },
  renderer: formula,
};

const blockMath: TokenizerAndRendererExtension = {
  name: "mathBlock",
  level: "block",
  start: startOf(/(?:^|\n) {0,3}(?:\$\$|\\\[)/),
  tokenizer(source) {
    for (const pattern of BLOCK) {
      const match = pattern.exec(source);
      const text = match?.[1]?.trim();
      if (match && text) return { type: "mathBlock", raw: match[0], text, display: true };
    }
    return undefined;
  },
  renderer: (token) => `<p>${formula(token)}</p>\n`,
};

export const mathSyntax = [blockMath, inlineMath];
