// Streaming Markdown, lexed into blocks: what stands at the top level, and each item of a list there. Blocks the text
// has moved past are frozen: they are neither lexed nor drawn again while the answer grows. Pure; the cost of a step
// is that of the last blocks, not of the answer.
import { Lexer, type Links, type Token, type Tokens } from "marked";
import { options } from "./dialect.ts";

export interface Block {
  kind: "code" | "html" | "item";
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
  /** The list an item is of. */
  list: ListOf | null;
}

export interface ListOf {
  /** Where the list starts in the text: what tells two neighbouring lists apart. */
  start: number;
  ordered: boolean;
  /** An ordered list's first number. */
  first: number;
  /** Its items are paragraphs apart. */
  loose: boolean;
}

export interface BlockList {
  text: string;
  blocks: readonly Block[];
  /** How many of `blocks` are frozen. */
  frozen: number;
  /** Link definitions, for drawing. */
  links: Links;
  /** Those before the open blocks: one that is still being written would be kept as it was cut. */
  settledLinks: Links;
  done: boolean;
}

export const noBlocks: BlockList = { text: "", blocks: [], frozen: 0, links: {}, settledLinks: {}, done: false };

/**
 * This many blocks at the end stay open: a list that goes on after a blank line first looks like a list and a
 * paragraph.
 */
const OPEN_AT_END = 2;

function isFenceClosed(raw: string): boolean {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(raw)?.[1];
  if (fence === undefined) return false;
  const trimmed = raw.trimEnd();
  const last = trimmed.slice(trimmed.lastIndexOf("\n") + 1).trim();
  return trimmed.includes("\n") && last.length >= fence.length && last === fence.charAt(0).repeat(last.length);
}

const plain = { language: "", code: "", closed: false, list: null } as const;

function itemBlocks(token: Tokens.List, start: number, before: Block | undefined): Block[] {
  // Lexed from its middle on, a list goes on as the one its frozen items are of.
  const head = before?.list && before.end === start && before.list.ordered === token.ordered ? before.list : null;
  const list: ListOf = head
    ? { ...head, loose: head.loose || token.loose }
    : { start, ordered: token.ordered, first: Number(token.start) || 0, loose: token.loose };
  let at = start;
  return token.items.map(({ raw }) => {
    const block: Block = { ...plain, kind: "item", raw, start: at, end: at + raw.length, list };
    at = block.end;
    return block;
  });
}

function toBlocks(token: Token, start: number, before: Block | undefined): Block[] {
  const { raw } = token;
  if (token.type === "list") return itemBlocks(token as Tokens.List, start, before);
  const end = start + raw.length;
  if (token.type !== "code") return [{ ...plain, kind: "html", raw, start, end }];
  const language = String(token.lang ?? "").match(/^\S*/)?.[0] ?? "";
  const closed = token.codeBlockStyle !== "indented" && isFenceClosed(raw);
  return [{ ...plain, kind: "code", raw, start, end, language, code: token.text, closed }];
}

interface Lexed {
  blocks: Block[];
  links: Links;
  definitions: { end: number; tag: string; link: Links[string] }[];
}

function lex(text: string, start: number, links: Links, before: Block | undefined): Lexed {
  const lexer = new Lexer(options);
  lexer.tokens.links = { ...links };
  const blocks: Block[] = [];
  const definitions: Lexed["definitions"] = [];
  let at = start;
  // Blocks only: what stands inside them is lexed when they are drawn.
  for (const token of lexer.blockTokens(text, lexer.tokens)) {
    const end = at + token.raw.length;
    if (token.type === "def") {
      definitions.push({ end, tag: token.tag, link: { href: token.href, title: token.title } });
    } else if (token.type !== "space") blocks.push(...toBlocks(token, at, at === start ? before : undefined));
    at = end;
  }
  return { blocks, links: lexer.tokens.links, definitions };
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

const sameList = (a: ListOf | null, b: ListOf | null) =>
  a === b || (a !== null && b !== null && a.start === b.start && a.loose === b.loose && a.ordered === b.ordered);

const same = (a: Block, b: Block) =>
  a.raw === b.raw && a.start === b.start && a.kind === b.kind && a.closed === b.closed && sameList(a.list, b.list);

/** The blocks of `text`, reusing what `before` has; `done` says that the text is whole. */
export function advance(before: BlockList, source: string, done: boolean): BlockList {
  const text = source.includes("\r") ? source.replace(/\r\n?/g, "\n") : source;
  if (text === before.text && done === before.done) return before;
  // The last word is lexed as a whole, so what came late (a link's definition, a loose list) counts everywhere.
  const grown = text.startsWith(before.text);
  const kept = done ? 0 : grown ? before.frozen : standing(before.blocks, before.frozen, text);
  const last = before.blocks[kept - 1];
  const start = last?.end ?? 0;
  const settled = done ? {} : before.settledLinks;
  const { blocks: fresh, links, definitions } = lex(text.slice(start), start, settled, last);
  const blocks = [
    ...before.blocks.slice(0, kept),
    ...fresh.map((block, index) => {
      const old = before.blocks[kept + index];
      const closed = block.closed || done || index < fresh.length - OPEN_AT_END;
      const next = { ...block, closed };
      return old && same(old, next) ? old : next;
    }),
  ];
  const frozen = done ? blocks.length : Math.max(kept, blocks.length - OPEN_AT_END);
  const frozenEnd = blocks[frozen - 1]?.end ?? 0;
  const settledLinks = { ...settled };
  for (const { end, tag, link } of definitions) if (end <= frozenEnd) settledLinks[tag] ??= link;
  // The same object while nothing changed: a block is drawn again when the definitions it may refer to do.
  const known = JSON.stringify(links) === JSON.stringify(before.links) ? before.links : links;
  return { text, blocks, frozen, links: known, settledLinks, done };
}

/** Blocks as they stand on the page: the items of one list together. */
export interface Group {
  list: ListOf | null;
  blocks: readonly Block[];
}

const sameGroup = (a: Group, b: Group) =>
  a.list === b.list &&
  a.blocks.length === b.blocks.length &&
  a.blocks.every((block, index) => block === b.blocks[index]);

/** Groups that are as they were `before` are the same objects: nothing of them is looked at again. */
export function groupBlocks(blocks: readonly Block[], before: readonly Group[] = []): Group[] {
  const groups: { list: ListOf | null; blocks: Block[] }[] = [];
  for (const block of blocks) {
    const last = groups.at(-1);
    if (block.list && last?.list?.start === block.list.start) last.blocks.push(block);
    else groups.push({ list: block.list, blocks: [block] });
  }
  return groups.map((group, index) => {
    const old = before[index];
    return old && sameGroup(old, group) ? old : group;
  });
}
