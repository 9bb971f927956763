// Whether a deployment works: the page with its policy, the description, each part that is set up, who is let in, and, with
// a token, a whole answer, read again afterwards. What is not tried it says. `npm run smoke -- URL [TOKEN]` (or SMOKE_TOKEN).
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { ChatReply, GenerateReply, HealthReply, StatusReply } from "../protocol/requests.ts";

export interface Check {
  name: string;
  /** Null when it holds, or was not tried; else what was wrong. */
  wrong: string | null;
  /** Why it was not tried. */
  leftOut?: string;
}

const ANSWER_PATIENCE_MS = 120_000;
/** What was just deployed may be starting yet: a container, say. */
const START_PATIENCE_MS = 30_000;

export async function smoke(url: string, token: string | null, startPatienceMs = START_PATIENCE_MS): Promise<Check[]> {
  const base = url.replace(/\/+$/, "");
  const checks: Check[] = [];
  const check = async (name: string, holds: () => Promise<string | null>) => {
    const wrong = await holds().catch((error) => String(error));
    checks.push({ name, wrong });
    return wrong === null;
  };
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};

  await check("the page is served, and runs no script but its own", async () => {
    const response = await fetch(`${base}/`);
    const policy = response.headers.get("content-security-policy") ?? "";
    if (!response.ok) return `${response.status}`;
    return /script-src 'self';/.test(policy) ? null : `its content security policy is "${policy}"`;
  });
  await check("the API describes itself", async () => {
    const { openapi } = (await (await fetch(`${base}/openapi.json`)).json()) as { openapi?: string };
    return openapi === "3.1.0" ? null : `openapi is ${openapi}`;
  });
  const off: Check[] = [];
  await check("each part that is set up is well", async () => {
    const until = Date.now() + startPatienceMs;
    for (;;) {
      const { status, parts } = (await (await fetch(`${base}/health`)).json()) as HealthReply;
      const ill = parts.filter((part) => part.status === "down");
      if (status !== "ok" && Date.now() < until) {
        await sleep(1_000);
        continue;
      }
      for (const { name, status: how, detail } of parts) {
        if (how === "off") off.push({ name, wrong: null, leftOut: detail ?? "off" });
      }
      return status === "ok" ? null : ill.map(({ name, detail }) => `${name}: ${detail}`).join("; ") || status;
    }
  });
  checks.push(...off);
  await check("a token that is none lets nobody in", async () => {
    const { status } = await fetch(`${base}/api/chats`, { headers: { authorization: "Bearer none" } });
    return status === 401 ? null : `it was answered with ${status}`;
  });
  const whole = "an answer comes, is kept, and is read again";
  if (token) await check(whole, () => answer(base, headers));
  else checks.push({ name: whole, wrong: null, leftOut: "no token was given; npm run smoke -- URL TOKEN asks" });
  return checks;
}

async function answer(base: string, headers: Record<string, string>): Promise<string | null> {
  const asked = await fetch(`${base}/api/chat/generate`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ prompt: "Say hello in one word.", maxOutputTokens: 2_000, cache: { mode: "no-store" } }),
  });
  if (asked.status !== 202) return `${asked.status} ${await asked.text()}`;
  const { chatId, links } = (await asked.json()) as GenerateReply;
  const until = Date.now() + ANSWER_PATIENCE_MS;
  for (;;) {
    const status = (await (await fetch(base + links.status, { headers })).json()) as StatusReply;
    if (status.state === "completed") break;
    if (status.state !== "running") return `it ended ${status.state}: ${status.error?.message ?? ""}`;
    if (Date.now() > until) return `it did not end within ${ANSWER_PATIENCE_MS / 1000} s`;
    await sleep(500);
  }
  const { messages } = (await (await fetch(`${base}/api/chats/${chatId}`, { headers })).json()) as ChatReply;
  const text = messages.find(({ role }) => role === "assistant")?.text.trim();
  const file = await (await fetch(`${base}/api/chats/${chatId}/export`, { headers })).text();
  await fetch(`${base}/api/chats/${chatId}`, { method: "DELETE", headers });
  if (!text) return "it has no text";
  return file.includes(text) ? null : "its chat's export does not have it";
}

/** Prints each check; true when all that were tried hold. */
export function report(checks: Check[]): boolean {
  for (const { name, wrong, leftOut } of checks) {
    if (leftOut !== undefined) console.log(`  – ${name}, not tried: ${leftOut}`);
    else console.log(wrong === null ? `  ✓ ${name}` : `  ✗ ${name}: ${wrong}`);
  }
  return checks.every(({ wrong }) => wrong === null);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , url, token = process.env.SMOKE_TOKEN?.trim() || null] = process.argv;
  if (!url) throw new Error("npm run smoke -- URL [TOKEN]");
  process.exit(report(await smoke(url, token)) ? 0 : 1);
}
