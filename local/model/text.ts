/**
 * What the scripted model says, as pure functions: the same prompt gives the same text, in any runtime (no Node imports),
 * so a test can know the finished answer before it asks.
 */
import { answerTo } from "./answers.ts";
import { longMarkdown } from "./template.ts";

/** A text as the tokens it is streamed in. `at` is defined for 0 ≤ index < count. */
export interface TokenSource {
  readonly count: number;
  at(index: number): string;
}

const GLYPHS = ["é", "ü", "’", "—", "脑", "語", "한", "я", "λ", "🧠", "🌊", "👩‍💻", "🇫🇷", "e\u0301", "𝒳", "ß"] as const;

/** FNV-1a over UTF-16 code units: 32 unsigned bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * Token `index` of the numbered text for a seed (`hashOf(prompt)`): its number and a glyph of one to four UTF-8 sequences.
 * The separator leads, as in real tokenizers, so no prefix of whole tokens ends in whitespace.
 */
export function scriptedToken(seed: number, index: number): string {
  const separator = index === 0 ? "" : index % 100 === 0 ? "\n\n" : index % 10 === 0 ? "\n" : " ";
  const mixed = Math.imul(seed ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b) >>> 28;
  return `${separator}${index}${GLYPHS[mixed] ?? "·"}`;
}

/** The whole text of `scripted-tokens-N` for a prompt: N tokens joined. */
export function scriptedText(prompt: string, count: number): string {
  const seed = hashOf(prompt);
  let text = "";
  for (let i = 0; i < count; i++) text += scriptedToken(seed, i);
  return text;
}

/** Cuts a text into word pieces of up to five letters or two signs, whitespace leading. Joined they give the text; no surrogate pair is split. */
export function splitTokens(text: string): string[] {
  return text.match(/\s*(?:[\p{L}\p{N}\p{M}’']{1,5}|[^\s\p{L}\p{N}]{1,2})|\s+/gu) ?? [];
}

/** The tokens of the numbered text, made one by one so that long answers cost no memory ahead of time. */
export function numberedSource(prompt: string, count: number): TokenSource {
  const seed = hashOf(prompt);
  return { count, at: (index) => scriptedToken(seed, index) };
}

/** The tokens of a fixed text. */
export function textSource(text: string): TokenSource {
  const tokens = splitTokens(text);
  return { count: tokens.length, at: (index) => tokens[index] ?? "" };
}

/** Exactly `count` tokens of Markdown (headings, lists, tables, code) made from the prompt. */
export function markdownSource(prompt: string, count: number): TokenSource {
  const tokens = splitTokens(longMarkdown(prompt, count * 6)).slice(0, count);
  return { count: tokens.length, at: (index) => tokens[index] ?? "" };
}

/** Everything a source says, as one string. */
export function fullText(source: TokenSource): string {
  let text = "";
  for (let i = 0; i < source.count; i++) text += source.at(i);
  return text;
}

/** The whole answer of plain `scripted` (and `-fast`, `-slow`) to a prompt. */
export function answerText(prompt: string): string {
  return answerTo(prompt);
}
