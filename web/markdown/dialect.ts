// The Markdown we speak: GitHub's, with line breaks kept, formulas, and three differences for safety and for the reader.
// Raw HTML other than a few bare inline tags is shown as the text it is (a model's `<T>` must not vanish); images
// are links (loading one would tell its server that the answer was read); wide tables scroll by themselves.
import { Marked, Renderer, type Token, type Tokens } from "marked";
import { escapeHtml } from "./escape.ts";
import { mathSyntax } from "./math-syntax.ts";

const BARE_TAGS = /^<\/?(?:br|sub|sup|kbd|mark|u|s|b|i|em|strong|del|ins|small|q)\s*\/?>$/i;

function renderRawHtml(raw: string): string {
  return raw.replace(/<[^<>]*>|[^<]+|</g, (piece) => (BARE_TAGS.test(piece) ? piece : escapeHtml(piece)));
}

const plain = new Renderer();

const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions: mathSyntax,
  renderer: {
    html(token: Tokens.HTML | Tokens.Tag) {
      const html = renderRawHtml(token.raw.trimEnd());
      return token.block ? `<p>${html.replaceAll("\n", "<br>")}</p>\n` : html;
    },
    image({ href, text }: Tokens.Image) {
      return `<a href="${escapeHtml(href)}">${escapeHtml(text || href)}</a>`;
    },
    checkbox({ checked }: Tokens.Checkbox) {
      // Its item follows it; the label only has to be there.
      return `<input type="checkbox" disabled${checked ? " checked" : ""} aria-label="${checked ? "☑" : "☐"}"> `;
    },
    code({ text, lang }: Tokens.Code) {
      const language = (lang ?? "").match(/^\S*/)?.[0] ?? "";
      return `<pre data-language="${escapeHtml(language)}"><code>${escapeHtml(text)}\n</code></pre>\n`;
    },
    table(token: Tokens.Table) {
      plain.parser = this.parser;
      return `<div class="table" tabindex="0">${plain.table(token)}</div>\n`;
    },
  },
});

export const options = marked.defaults;
export const walk = (tokens: Token[], visit: (token: Token) => void): void => void marked.walkTokens(tokens, visit);
export const parse = (tokens: Token[]): string => marked.parser(tokens);
