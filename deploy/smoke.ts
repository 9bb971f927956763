// Whether a deployment works: the page with its policy, the description, each part's health, who is let in, and, with a
// token, a whole answer, read again afterwards. `npm run smoke -- URL [TOKEN]` (or SMOKE_TOKEN).
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { GenerateReply, HealthReply, StatusReply } from "../protocol/requests.ts";

export interface Check {
  name: string;
  /** Null when it holds; else what was wrong. */
  wrong: string | null;
}

const ANSWER_PATIENCE_MS = 120_000;

export async function smoke(url: string, token: string | null): Promise<Check[]> {
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
  await check("its parts are well", async () => {
    const { status, parts } = (await (await fetch(`${base}/health`)).json()) as HealthReply;
    const ill = parts.filter((part) => part.status === "down" || part.status === "degraded");
    return status === "down" ? ill.map(({ name, detail }) => `${name}: ${detail}`).join("; ") || status : null;
  });
  await check("a token that is none lets nobody in", async () => {
    const { status } = await fetch(`${base}/api/chats`, { headers: { authorization: "Bearer none" } });
    return status === 401 ? null : `it was answered with ${status}`;
  });
  if (token) await check("an answer comes, is kept, and is read again", () => answer(base, headers));
  return checks;
}

async function answer(base: string, headers: Record<string, string>): Promise<string | null> {
  const asked = await fetch(`${base}/api/chat/generate`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ prompt: "Say hello in one word.", maxOutputTokens: 200, cache: { mode: "no-store" } }),
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
  const text = await (await fetch(`${base}/api/chats/${chatId}/export`, { headers })).text();
  await fetch(`${base}/api/chats/${chatId}`, { method: "DELETE", headers });
  return text.includes("Say hello") ? null : "its chat can't be read again";
}

/** Prints each check; true when all hold. */
export function report(checks: Check[]): boolean {
  for (const { name, wrong } of checks) console.log(wrong === null ? `  ✓ ${name}` : `  ✗ ${name}: ${wrong}`);
  return checks.every(({ wrong }) => wrong === null);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , url, token = process.env.SMOKE_TOKEN?.trim() || null] = process.argv;
  if (!url) throw new Error("npm run smoke -- URL [TOKEN]");
  process.exit(report(await smoke(url, token)) ? 0 : 1);
}
