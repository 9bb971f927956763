// One block of Markdown → safe nodes. Whatever the model wrote, nothing of it can run, load or frame the page.
import createPurify from "dompurify";
import { Lexer, type Links } from "marked";
import remend from "remend";
import { options, parse } from "./dialect.ts";

const purify = createPurify(window);

const SAFE_LINK = /^(?:https?:|mailto:)/i;

purify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  const href = node.getAttribute("href");
  if (href === null || !SAFE_LINK.test(href.trim())) {
    node.removeAttribute("href");
    return;
  }
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
});

const TAGS = [
  ...["p", "a", "em", "strong", "del", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "br", "div", "input"],
  ...["h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"],
  ...["sub", "sup", "kbd", "mark", "u", "s", "b", "i", "ins", "small", "q", "span"],
];
/** Attributes that hold no address, so the rule for addresses is not theirs. */
const PLAIN_ATTRIBUTES = [
  "title",
  "align",
  "start",
  "type",
  "checked",
  "disabled",
  "tabindex",
  "data-language",
  "class",
];

function sanitise(html: string): DocumentFragment {
  return purify.sanitize(html, {
    RETURN_DOM_FRAGMENT: true,
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["href", ...PLAIN_ATTRIBUTES],
    ADD_URI_SAFE_ATTR: PLAIN_ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOWED_URI_REGEXP: SAFE_LINK,
  });
}

/** A finished or growing block; `live` closes what its last line left open (bold, links, code). */
export function renderBlock(raw: string, live: boolean, links: Links): DocumentFragment {
  const source = live ? remend(raw, { linkMode: "text-only", htmlTags: false }) : raw;
  const lexer = new Lexer(options);
  lexer.tokens.links = { ...links };
  return sanitise(parse(lexer.lex(source)));
}

/** Highlighted code, as the highlighter's own markup: only its spans and their classes pass. */
export function renderHighlighted(html: string): DocumentFragment {
  return purify.sanitize(html, { RETURN_DOM_FRAGMENT: true, ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"] });
}
