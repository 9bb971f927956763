// The documents keep their word: every command in every one of them is run against the real stack, or says why it can't be;
// and is answered well, unless the document says by which status it is refused.
// A French page has the same commands as the English one, in the same order.
import { execFile } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Tier } from "../../protocol/records.ts";
import { answersAMonth, costsOf, LIST_PRICES } from "../../web/state/costs.ts";
import { withoutTemporal } from "../temporal.ts";
import { Client } from "./client.ts";
import { Stack } from "./stack.ts";
import { temporalReady } from "./temporal-server.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const FRENCH = "docs/fr/";
const ALL = globSync(["*.md", "docs/**/*.md", "local/**/*.md", "tests/**/*.md"], { cwd: ROOT }).sort();
const ENGLISH = ALL.filter((path) => !path.startsWith(FRENCH) && path !== "README.fr.md");
/** What is read in French, too: everything for whoever uses, deploys or runs it. */
const TRANSLATED = ENGLISH.filter((path) => /^(README|docs\/[a-z]+|docs\/tiers\/\w+)\.md$/.test(path));
const WITH_TEMPORAL = "with Temporal";
/** After `sh`: what the tests must not do, what needs a server, or what another one does (`docs/tests`). */
const MARKS: Record<string, string> = {
  "needs an account": "",
  "sets it up": "",
  [WITH_TEMPORAL]: "",
  backup: "tests/journeys/archive-backup.test.ts",
};
const ADMIN_TOKEN = "the-admin-of-the-docs";

interface Block {
  mark: string;
  script: string;
}

/** What the document says that its commands say, beyond being answered well. */
const SAY: Record<string, RegExp> = {
  "docs/tiers/redis.md": /cache-status: Keepstream; fwd=miss\b.*cache-status: Keepstream; hit;/is,
};

/**
 * Has curl fail by a problem, of which it tells nobody by itself. What ends in `# 4xx` is to be refused by just that status:
 * `refused 4xx curl …`.
 */
const STRICT = `
curl() {
  if [ -n "\${REFUSED:-}" ]; then
    local reply; reply=$(command curl -s -w '\\n%{http_code}' "$@"); echo "$reply"
    [ "\${reply##*$'\\n'}" = "$REFUSED" ]; return
  fi
  local arg
  for arg in "$@"; do [[ $arg =~ ^-[a-zA-Z]*f[a-zA-Z]*$ ]] && { command curl "$@"; return; }; done
  command curl --fail-with-body "$@"
}
refused() { local REFUSED=$1; shift; "$@"; }
`;

const refusedOnes = (script: string) => script.replace(/^(.*\S) +# (4\d\d)$/gm, "refused $2 $1");

/** In the wire's own description: lines after a `$`, with ids and offsets of nothing, under what they answer. */
function wireCommands(text: string): string {
  return [...text.matchAll(/^ {4}\$ (.*)\n((?: {4}(?!\$).*\n)*)/gm)]
    .map(([, command = "", reply = ""]) => {
      const [, status] = /"status":(4\d\d)/.exec(reply) ?? [];
      const line = status ? `${command} # ${status}` : command;
      // The first ask is the one that the others are about, once it is answered.
      if (!/^ask -d/.test(line) || status) return real(line);
      const whole = 'curl -sfN -H "authorization: Bearer $TOKEN" localhost:8787/api/chat/stream/$CHAT.1 > /dev/null';
      return `CHAT=$(${line} | sed 's/.*"chatId":"\\([^"]*\\)".*/\\1/')\n${whole}`;
    })
    .join("\n");
}

/** With the ids of what there is; between single quotes they have to be left for a moment. */
function real(line: string): string {
  return line.replaceAll("0000000000a4", "-1").replace(/7c3f…/g, (_, at: number) => {
    const quoted = line.slice(0, at).split("'").length % 2 === 0;
    return quoted ? `'"$CHAT"'` : '"$CHAT"';
  });
}

function blocks(path: string): Block[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  const wire = wireCommands(text);
  if (wire !== "") return [{ mark: "", script: wire }];
  return [...text.matchAll(/^ *```sh ?(.*)\n([\s\S]*?)^ *```$/gm)].map(([, mark = "", script = ""]) => ({
    mark,
    script,
  }));
}

const french = (path: string) => (path === "README.md" ? "README.fr.md" : path.replace(/^docs\//, FRENCH));

describe("commands in the documents", () => {
  let stack: Stack;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "keepstream-docs-"));
    stack = await Stack.start({
      env: { ADMIN_TOKEN, REDIS_URL: "", POSTGRES_URL: "" },
      temporal: withoutTemporal === undefined,
    });
    if (withoutTemporal === undefined) await temporalReady(await Client.join(stack.url));
  }, 300_000);
  afterAll(async () => {
    await stack?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const withCommands = ENGLISH.filter((path) => blocks(path).length > 0);
  test.each(withCommands)("%s: each runs, or is marked", async (path) => {
    const found = blocks(path);
    expect(found.map(({ mark }) => mark).filter((mark) => mark !== "" && !(mark in MARKS))).toEqual([]);
    const runs = (mark: string) => mark === "" || (mark === WITH_TEMPORAL && withoutTemporal === undefined);
    const script = found.flatMap((block) => (runs(block.mark) ? [block.script] : [])).join("\n");
    if (script === "") return;
    const here = refusedOnes(STRICT + script)
      .replaceAll("localhost:8787", stack.url.replace("http://", ""))
      .replaceAll("npx ", "npx --no-install ")
      .replace(/\b(-[cb]) (jar)\b/g, `$1 ${folder}/$2`);
    const env = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ADMIN_TOKEN };
    const options = { cwd: ROOT, env, maxBuffer: 1 << 26, timeout: 110_000 };
    const said = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", here], options).catch((error) => {
      throw new Error(`${error.stdout.slice(-2_000)}\n${error.stderr.slice(-2_000)}`, { cause: error.code });
    });
    if (SAY[path]) expect(said.stdout).toMatch(SAY[path]);
  });

  test.each([
    ["curl -s localhost:8787/api/tiers", true],
    ["curl -s localhost:8787/api/nothing", false],
    ["curl -s localhost:8787/api/nothing # 404", true],
    ["curl -s localhost:8787/api/nothing # 403", false],
    ["curl -s localhost:8787/api/tiers # 404", false],
    ["curl -sf localhost:8787/api/nothing", false],
    ["X=$(curl -s localhost:8787/api/nothing | sed s/a/b/); echo $X", false],
  ])("%s: well is %s", async (script, well) => {
    const here = refusedOnes(STRICT + script).replaceAll("localhost:8787", stack.url.replace("http://", ""));
    const ran = promisify(execFile)("bash", ["-euo", "pipefail", "-c", here]);
    expect(
      await ran.then(
        () => true,
        () => false,
      ),
    ).toBe(well);
  });

  test("every call of the API is in api.md", async () => {
    const { paths } = (await (await fetch(`${stack.url}/openapi.json`)).json()) as { paths: Record<string, object> };
    const text = readFileSync(join(ROOT, "docs/api.md"), "utf8");
    const told = text.replaceAll(/\$(RUN|CHAT)\b/g, "{id}").replaceAll(/…\/(\w+)/g, "/api/workflows/{id}/$1");
    const missing = Object.keys(paths).filter((path) => !told.includes(path.replace("{chatId}", "{id}")));
    expect(missing).toEqual([]);
  });
});

test.each(ALL)("%s: what it names in a sentence or a table can be run", (path) => {
  const text = readFileSync(join(ROOT, path), "utf8");
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };
  const missing = [...text.matchAll(/`(?:npx )?(?:node (\S+\.m?[jt]s)|npm run ([\w:]+))[^`]*`/g)].flatMap(
    ([command, file, script = ""]) => ((file ? existsSync(join(ROOT, file)) : script in scripts) ? [] : [command]),
  );
  expect(missing).toEqual([]);
});

test("what a mark says is done elsewhere is there", () => {
  for (const file of Object.values(MARKS)) expect(existsSync(join(ROOT, file))).toBe(true);
});

test.each(TRANSLATED)("%s has the same commands in French", (path) => {
  const commands = (of: string) => blocks(of).map(({ mark, script }) => [mark, script]);
  expect(commands(french(path))).toEqual(commands(path));
});

test.each(TRANSLATED)("%s has the same tables and headings in French", (path) => {
  const shape = (of: string) => {
    const text = readFileSync(join(ROOT, of), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
    return text
      .split("\n")
      .flatMap((line) => (/^#+ |^\|/.exec(line)?.[0] ? [line.startsWith("|") ? "|" : /^#+/.exec(line)?.[0]] : []));
  };
  expect(shape(french(path))).toEqual(shape(path));
});

test.each(ALL)("%s links to what is there", (path) => {
  const text = readFileSync(join(ROOT, path), "utf8");
  const anchors = (of: string) =>
    [...readFileSync(of, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    );
  const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [target = "", anchor] = link.split("#");
    const file = target === "" ? join(ROOT, path) : resolve(ROOT, path, "..", target);
    if (!existsSync(file)) return [link];
    return anchor && file.endsWith(".md") && !anchors(file).includes(anchor) ? [link] : [];
  });
  expect(broken).toEqual([]);
});

/** What a thousand answers cost, a row for each case: edge, Redis, Temporal, all. */
function costs(): (string | undefined)[][] {
  const usage = { usersADay: 100_000, answersAUser: 1, inputTokens: 0, outputTokens: 1_000, tokensASecond: 50 };
  const row = (tier: Tier, hitRate: number) => {
    const of = costsOf({ ...usage, hitRate }, { ...LIST_PRICES, output: 0 }).find((cost) => cost.tier === tier);
    const thousands = answersAMonth({ ...usage, hitRate }) / 1_000;
    const { edge = 0, cache = 0, workflow = 0 } = of?.parts ?? {};
    return [edge, cache, workflow, of?.total ?? 0].map((part) => (part === 0 ? "–" : (part / thousands).toFixed(3)));
  };
  return [row("mvp", 0), row("redis", 0), row("redis", 1), row("temporal", 0)];
}

test.each(["docs/operations.md", "docs/fr/operations.md"])("%s has the costs as they are computed", (path) => {
  const text = readFileSync(join(ROOT, path), "utf8");
  const figures = (line: string) => line.match(/\d+[.,]\d{3}\b|–/g)?.map((figure) => figure.replace(",", ".")) ?? [];
  const found = text.split("\n").filter((line) => line.startsWith("| ") && figures(line).length === 4);
  expect(found.map(figures)).toEqual(costs());
});
