// One block of Markdown → safe nodes. Whatever the model wrote, nothing of it can run, load or frame the page.
import createPurify from "dompurify";
import { Lexer, type Links } from "marked";
import { options, parse, walk } from "./dialect.ts";
import { repair } from "./repair.ts";

const SAFE_LINK = /^(?:https?:|mailto:)/i;

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
  "data-tex",
  "aria-label",
  "class",
];

const answers = createPurify(window);
// Set once: reading the configuration anew would cost as much as cleaning a paragraph.
answers.setConfig({
  ALLOWED_TAGS: TAGS,
  ALLOWED_ATTR: ["href", ...PLAIN_ATTRIBUTES],
  ADD_URI_SAFE_ATTR: PLAIN_ATTRIBUTES,
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: SAFE_LINK,
  IN_PLACE: true,
});
answers.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  const href = node.getAttribute("href");
  if (href === null || !SAFE_LINK.test(href.trim())) {
    node.removeAttribute("href");
    return;
  }
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
});

const colours = createPurify(window);
colours.setConfig({ ALLOWED_TAGS: ["div", "span"], ALLOWED_ATTR: ["class"], IN_PLACE: true });

// A template's document has no window: nothing in it loads or runs while it is being cleaned, and what is clean moves
// to the page as nodes, never as text that would be read a second time.
const inert = document.createElement("template").content.ownerDocument;

function clean(purify: typeof answers, html: string): HTMLElement {
  const root = inert.createElement("div");
  root.innerHTML = html;
  purify.sanitize(root);
  return root;
}

export interface Drawing {
  /** What the last line left open (bold, links, code) is closed: the text still grows. */
  live: boolean;
  links: Links;
  /** For an item: the list it is of has paragraphs for items. */
  loose?: boolean;
  /** The depth of the answer's first heading: it is drawn as the third level, below the page's and the answer's. */
  firstHeading?: number | undefined;
}

/** The nodes of a block, in an element of their own. */
export function renderBlock(raw: string, { live, links, loose, firstHeading = 1 }: Drawing): HTMLElement {
  const source = live ? repair(raw) : raw;
  const lexer = new Lexer(options);
  lexer.tokens.links = { ...links };
  const tokens = lexer.lex(source);
  if (loose) {
    for (const token of tokens) {
      if (token.type !== "list") continue;
      token.loose = true;
      for (const item of token.items) item.loose = true;
    }
  }
  walk(tokens, (token) => {
    if (token.type === "heading") token.depth = Math.min(6, Math.max(3, token.depth - firstHeading + 3));
  });
  return clean(answers, parse(tokens));
}

/** Highlighted code, as the highlighter's own markup: only its spans and their classes pass. */
export function renderHighlighted(html: string): Node[] {
  return [...clean(colours, html).childNodes];
}
