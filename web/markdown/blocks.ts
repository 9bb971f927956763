// Streaming Markdown, lexed into top-level blocks. Blocks the text has moved past are frozen: they are neither lexed
// nor drawn again while the answer grows. Pure; the cost of a step is that of the last blocks, not of the answer.
import { Lexer, type Links, type Token } from "marked";
import { options } from "./dialect.ts";

export interface Block {
  kind: "code" | "html";
  /** The block's source, as it stands in the text from `start` to `end` (UTF-16 code units). */
  raw: string;
  start: number;
  end: number;
  /** A code block's language, as written (`""` when none). */
  language: string;
  /** A code block's content. */
  code: string;
  /** Nothing can be added to it any more: its fence is closed, or the text went on after it. */
  closed: boolean;
}

export interface BlockList {
  text: string;
  blocks: readonly Block[];
  /** How many of `blocks` are frozen. */
  frozen: number;
  /** Link definitions seen so far. */
  links: Links;
  done: boolean;
}

export const noBlocks: BlockList = { text: "", blocks: [], frozen: 0, links: {}, done: false };

/**
 * This many content blocks at the end stay open: a list that goes on after a blank line first looks like a list and
 * a paragraph.
 */
const OPEN_AT_END = 2;

function isFenceClosed(raw: string): boolean {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(raw)?.[1];
  if (fence === undefined) return false;
  const trimmed = raw.trimEnd();
  const last = trimmed.slice(trimmed.lastIndexOf("\n") + 1).trim();
  return trimmed.includes("\n") && last.length >= fence.length && last === fence.charAt(0).repeat(last.length);
}

function toBlock(token: Token, start: number): Block {
  const { raw } = token;
  const base = { raw, start, end: start + raw.length };
  if (token.type !== "code") return { ...base, kind: "html", language: "", code: "", closed: false };
  const indented = token.codeBlockStyle === "indented";
  return {
    ...base,
    kind: "code",
    language: String(token.lang ?? "").match(/^\S*/)?.[0] ?? "",
    code: token.text,
    closed: !indented && isFenceClosed(raw),
  };
}

function lex(text: string, start: number, links: Links): { blocks: Block[]; links: Links } {
  const lexer = new Lexer(options);
  lexer.tokens.links = { ...links };
  const tokens = lexer.lex(text);
  const blocks: Block[] = [];
  let at = start;
  for (const token of tokens) {
    if (token.type !== "space" && token.type !== "def") blocks.push(toBlock(token, at));
    at += token.raw.length;
  }
  return { blocks, links: tokens.links };
}

/** How many blocks at the front still stand word for word in `text`. */
function standing(blocks: readonly Block[], most: number, text: string): number {
  let count = 0;
  while (count < most) {
    const block = blocks[count];
    if (!block || !text.startsWith(block.raw, block.start)) break;
    count++;
  }
  return count;
}

const same = (a: Block | undefined, b: Block) =>
  a !== undefined && a.raw === b.raw && a.start === b.start && a.kind === b.kind && a.closed === b.closed;

/** The blocks of `text`, reusing what `before` has; `done` says that the text is whole. */
export function advance(before: BlockList, source: string, done: boolean): BlockList {
  const text = source.includes("\r") ? source.replace(/\r\n?/g, "\n") : source;
  if (text === before.text && done === before.done) return before;
  // The last word is lexed as a whole, so what came late (a link's definition, a loose list) counts everywhere.
  const grown = text.startsWith(before.text);
  const kept = done ? 0 : grown ? before.frozen : standing(before.blocks, before.frozen, text);
  const start = before.blocks[kept - 1]?.end ?? 0;
  const { blocks: fresh, links } = lex(text.slice(start), start, before.links);
  const blocks = [
    ...before.blocks.slice(0, kept),
    ...fresh.map((block, index) => {
      const old = before.blocks[kept + index];
      const closed = block.closed || done || index < fresh.length - OPEN_AT_END;
      const next = { ...block, closed };
      return old && same(old, next) ? old : next;
    }),
  ];
  return { text, blocks, frozen: done ? blocks.length : Math.max(kept, blocks.length - OPEN_AT_END), links, done };
}
