// The page in a real Chromium against the real stack: what a person does, and that not a byte is lost on the way.
import { expect, test } from "vitest";
import { fullText, markdownSource } from "../../local/model/text.ts";
import { picture } from "./browser.ts";
import { answers, ask, copied, ended, fits, grownTo, PATIENCE, violations } from "./page-kit.ts";
import { onStage } from "./page-stage.ts";

const TOKENS = 400;
/** Long enough that a busy machine reloads a page twice before its end. */
const STEADY = `scripted-markdown-${TOKENS}-rate-25`;
/** Only ever stopped. */
const ENDLESS = "scripted-markdown-9000-rate-40";
const AT_ONCE = "scripted-markdown-300-rate-0";

const set = { models: [AT_ONCE, STEADY, ENDLESS], env: { DEFAULT_TIER: "mvp" } };

onStage("the page", set, (stage) => {
  test("an answer reloaded in mid-stream is what the model said, byte for byte, in two tabs", async () => {
    const { context, page } = await stage.open("/", { choice: STEADY });
    const prompt = "Rivers, with code and 🌊";
    await ask(page, prompt);
    await grownTo(answers(page), 60);
    await picture(page, "answer-streaming");
    await page.reload();
    await grownTo(answers(page), 120);

    const second = await context.newPage();
    await second.goto(page.url());
    await grownTo(answers(second), 160);
    expect(await answers(second).getAttribute("data-status")).toBe("running");
    await Promise.all([ended(answers(page)), ended(answers(second))]);

    const said = fullText(markdownSource(prompt, TOKENS));
    expect(await copied(page, answers(page))).toBe(said);
    await second.bringToFront();
    expect(await copied(second, answers(second))).toBe(said);
    expect(stage.model.counters().perPrompt[prompt]?.madeTwice).toBe(0);
  });

  test("a killed server: the page says so, takes no ask for sent, and all goes on by itself once it is back", async () => {
    const { page } = await stage.open("/", { choice: STEADY });
    // What is made twice is counted by the prompt: another try asks something else.
    const prompt = `What survives a crash? (${Date.now()})`;
    await ask(page, prompt);
    await grownTo(answers(page), 200);
    const other = await stage.open("/", { choice: AT_ONCE });
    await stage.stack.kill();
    await page.getByText(/Connection lost/).waitFor();
    await ask(other.page, "Is anybody there?");
    await other.page.getByText("Not sent.").waitFor();
    expect(await other.page.locator(".breath, .waiting").count()).toBe(0);
    await picture(other.page, "not-sent");

    await stage.stack.start();
    await ended(answers(page));
    expect(await copied(page, answers(page))).toBe(fullText(markdownSource(prompt, TOKENS)));
    expect(stage.model.counters().perPrompt[prompt]?.madeTwice).toBe(0);
    await picture(page, "answer-after-crash");
    // The list of chats may have failed too, and has a Retry of its own.
    await other.page.locator(".problem", { hasText: "Not sent." }).getByRole("button", { name: "Retry" }).click();
    await ended(answers(other.page));
  });

  test("stop, after a reload too; then answer again, and both versions are there", async () => {
    const { page } = await stage.open("/", { choice: ENDLESS });
    await ask(page, "Say a great deal");
    await grownTo(answers(page), 40);
    await page.reload();
    await grownTo(answers(page), 60);
    await page.getByRole("button", { name: "Stop" }).click();
    await ended(answers(page), "cancelled");
    await page.getByRole("button", { name: "Answer again", exact: true }).first().click();
    await grownTo(answers(page), 20);
    await page.getByText("2 / 2").first().waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await ended(answers(page), "cancelled");
  });

  test("an error is told, with a Retry, and the chat goes on", async () => {
    const { page } = await stage.open();
    // The page sends the model it was given; a request of its own stands in for a model that has gone.
    await page.route("**/api/chat/generate", async (route) => {
      const body = JSON.parse(route.request().postData() ?? "{}");
      await route.continue({ postData: JSON.stringify({ ...body, model: "scripted-fault-401" }) });
    });
    await ask(page, "Will this work?");
    await ended(answers(page), "failed");
    await picture(page, "answer-failed");
    await page.unroute("**/api/chat/generate");
    await page.getByRole("button", { name: "Retry" }).click();
    await expect.poll(() => answers(page).last().getAttribute("data-status"), PATIENCE).toBe("completed");
  });

  test("what the server refuses is said in the reader's language", async () => {
    const { page } = await stage.open("/", { locale: "fr-FR" });
    await page.route("**/api/chat/generate", async (route) => {
      const body = JSON.parse(route.request().postData() ?? "{}");
      await route.continue({ postData: JSON.stringify({ ...body, tier: "redis" }) });
    });
    await ask(page, "Bonjour ?");
    await page.getByText("Ce niveau n’est pas disponible ici.").waitFor();
    await page.getByRole("radio", { name: "Redis" }).focus();
    await page
      .getByText(/Pour l’activer, renseignez UPSTASH_REDIS_REST_URL et/)
      .first()
      .waitFor();
    await picture(page, "refused-french");

    // Where the tier is off, nobody is asked for its workflows.
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${stage.stack.url}/workflows`);
    await page.getByText("Les workflows sont désactivés ici.").waitFor();
    await page.getByText(/renseignez TEMPORAL_BRIDGE_URL/).waitFor();
    expect(asked.filter((path) => path.startsWith("/api/workflows"))).toEqual([]);
  });

  test("it can be installed: its manifest and icons are what they say", async () => {
    const { context, page } = await stage.open();
    const session = await context.newCDPSession(page);
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    // A private window, as a test's is, can install nothing.
    expect(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito")).toEqual([]);
    const href = await page.locator("link[rel=manifest]").getAttribute("href");
    const address = new URL(href ?? "", stage.stack.url);
    const { icons } = await (await context.request.get(address.href)).json();
    for (const { src, sizes } of icons as { src: string; sizes: string }[]) {
      const size = await page.evaluate(async (from) => {
        const image = new Image();
        image.src = from;
        await image.decode();
        return `${image.naturalWidth}x${image.naturalHeight}`;
      }, new URL(src, address).href);
      if (sizes !== "any") expect(size).toBe(sizes);
    }
  });

  test.each([
    { name: "wide", width: 1440, height: 900 },
    { name: "phone", width: 390, height: 844 },
    { name: "narrow", width: 320, height: 640 },
  ])("$name: looks right in both themes and has no accessibility violation", async ({ name, width, height }) => {
    const looks = async (dark: boolean, locale: string, prompt: string) => {
      const { page } = await stage.open("/", { width, height, dark, locale });
      await page.locator(".starter").first().waitFor();
      await picture(page, `empty-${name}-${dark ? "dark" : "light"}`);
      expect(await violations(page)).toEqual([]);
      await ask(page, prompt);
      await ended(answers(page));
      await picture(page, `answer-${name}-${dark ? "dark" : "light"}`);
      expect(await violations(page)).toEqual([]);
      await fits(page);
    };
    await Promise.all([
      looks(false, "fr-FR", "Explique l’intelligence artificielle"),
      looks(true, "en-GB", "Explain artificial intelligence"),
    ]);
  });
});
