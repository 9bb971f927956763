// What the README promises, done as a newcomer does it: `npm start` on a fresh folder, then curl.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createParser } from "eventsource-parser";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MARK } from "../../local/lock.ts";
import type { CountersSnapshot } from "../../local/model/counters.ts";
import { answerText, scriptedText } from "../../local/model/text.ts";
import { freePort } from "../../local/ports.ts";
import { processesWithEnv } from "../../local/processes.ts";
import type { Problem } from "../../protocol/problems.ts";
import type { GenerateReply, HealthReply, ModelsReply, StatusReply } from "../../protocol/requests.ts";
import { parseSse } from "../../protocol/sse.ts";
import { Client } from "./client.ts";
import { eventually } from "./stack.ts";
import { Transcript } from "./transcript.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Longer is a hang. How long it took is printed; 2 s are promised, where nothing else keeps the machine busy. */
const HANG_MS = 10_000;

let data: string;
let port: number;
let base: string;
let npm: ChildProcess;
let output = "";

/** A start in a process group of its own, as a terminal gives it. */
function npmStart(env: Record<string, string> = {}, command = ["npm", "start", "--"]): ChildProcess {
  const [program = "", ...args] = command;
  return spawn(program, [...args, "--no-dev-vars"], {
    cwd: ROOT,
    detached: true,
    // Whatever happens to be on this machine is left out of it: of models only the scripted one's words are known.
    env: {
      PATH: process.env.PATH ?? "",
      HOME: process.env.HOME ?? "",
      FIND_LOCAL_MODELS: "off",
      FIND_TEMPORAL: "off",
      KEEPSTREAM_DATA: data,
      PORT: `${port}`,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function started(child: ChildProcess): Promise<string> {
  let text = "";
  let code: number | null | undefined;
  child.once("exit", (exit) => {
    code = exit;
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (text += chunk));
  await eventually("npm start is ready", () => {
    if (code !== undefined) throw new Error(`npm start ended with ${code}:\n${text}`);
    return text.includes("ends everything");
  });
  return text;
}

/** The URL of the scripted model, as the table names it. */
const scriptedUrl = () => /scripted model \((http:\/\/[^)]+)\)/.exec(output)?.[1] ?? "";
const counters = async () => (await (await fetch(`${scriptedUrl()}/_counters`)).json()) as CountersSnapshot;

interface Curl {
  code: number;
  stdout: Buffer;
}

function curl(...args: string[]): Promise<Curl> {
  return new Promise((done) => {
    execFile("curl", ["-sS", "-N", ...args], { encoding: "buffer", maxBuffer: 2 ** 24 }, (error, stdout) => {
      done({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout });
    });
  });
}

const post = (body: object, ...more: string[]) => [
  `${base}/api/chat/generate`,
  "-H",
  "content-type: application/json",
  "-d",
  JSON.stringify(body),
  ...more,
];

function transcriptOf(stream: Buffer): Transcript {
  const transcript = new Transcript();
  createParser({
    onEvent: ({ id, event, data: json }) => {
      const record = parseSse(event ?? "", json);
      transcript.take(id === undefined ? record : { ...record, offset: id });
    },
  }).feed(stream.toString());
  return transcript;
}

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "keepstream-main-job-"));
  port = await freePort();
  base = `http://127.0.0.1:${port}`;
  npm = npmStart();
  output = await started(npm);
});

afterAll(async () => {
  if (npm.exitCode === null && npm.signalCode === null) process.kill(-(npm.pid ?? 0), "SIGKILL");
  for (const { pid } of processesWithEnv(MARK, data)) process.kill(pid, "SIGKILL");
  await rm(data, { recursive: true, force: true });
});

describe("npm start", () => {
  it("says where everything is, and what is on and off", () => {
    for (const path of ["", "/api/chat/generate", "/docs", "/health"]) {
      expect(output).toContain(`http://localhost:${port}${path}\n`);
    }
    for (const line of [/mvp +on/, /redis +on/, /temporal +(on|off)/, /openai +scripted +OPENAI_API_KEY is not set/]) {
      expect(output).toMatch(line);
    }
    for (const line of [/cache +embedded/, /archive +embedded +PGlite/]) expect(output).toMatch(line);
    expect(output).toContain("It is not an LLM.");
  });

  it("serves the page, the API's description and its documentation", async () => {
    const page = await fetch(base);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(await page.text()).toMatch(/<script type="module"[^>]* src="\/assets\//);
    expect(await (await fetch(`${base}/openapi.json`)).json()).toMatchObject({ openapi: "3.1.0" });
    const docs = await (await fetch(`${base}/docs`)).text();
    for (const [, path] of docs.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const response = await fetch(`${base}${path}`);
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get("content-type"), path).not.toContain("text/html");
    }
  });

  it("is in good health, and says that its models are scripted", async () => {
    // The embedded database takes its seconds the first time, and most of a core.
    await eventually("all is well", async () => {
      const health = (await (await fetch(`${base}/health`)).json()) as HealthReply;
      return health.status === "ok";
    });
    const { models, providers } = (await (await fetch(`${base}/api/models`)).json()) as ModelsReply;
    expect(models.filter((model) => model.default)).toHaveLength(1);
    expect(models.every(({ scripted }) => scripted)).toBe(true);
    expect(providers.map(({ available, scripted }) => available && scripted)).toEqual([true, true, true]);
  });

  it("is refused a second time on the same folder, with what to do", async () => {
    const second = npmStart({ PORT: "0" });
    let said = "";
    second.stderr?.on("data", (chunk) => (said += chunk));
    const code = await new Promise((done) => second.once("exit", done));
    expect(code).toBe(1);
    expect(said).toMatch(/Keepstream already runs on .+ as process \d+, at http:\/\/localhost:\d+/);
    expect(said).toContain(`http://localhost:${port}`);
    expect(said).toMatch(/KEEPSTREAM_DATA=\S+ PORT=\d+ npm start/);
  });

  it("is refused a port that is taken, and says by whom", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keepstream-other-"));
    const second = npmStart({ KEEPSTREAM_DATA: folder });
    let said = "";
    second.stderr?.on("data", (chunk) => (said += chunk));
    const code = await new Promise((done) => second.once("exit", done));
    await rm(folder, { recursive: true, force: true });
    expect(code).toBe(1);
    expect(said).toMatch(new RegExp(`Port ${port} is taken by process \\d+ \\(.*local/start.ts`));
    expect(said).toContain(`PORT=${port + 1} npm start`);
  });
});

describe("curl alone gets an answer", () => {
  it("by 202 and then SSE", async () => {
    const prompt = "What is a river?";
    const jar = join(data, "cookies");
    const asked = await curl("-c", jar, ...post({ prompt }, "-w", "\n%{http_code}"));
    const [json = "", status] = asked.stdout.toString().split("\n");
    expect(status).toBe("202");
    const { id, links } = JSON.parse(json) as GenerateReply;
    const stream = await curl("-b", jar, `${base}${links.stream}`);
    expect(stream.code).toBe(0);
    const transcript = transcriptOf(stream.stdout);
    expect(transcript.text(id)).toBe(answerText(prompt));
    expect(transcript.state.runs[id]?.status).toBe("completed");
    // Whoever has it all is told so.
    const again = await curl(
      "-b",
      jar,
      "-H",
      `last-event-id: ${transcript.offset}`,
      "-w",
      "%{http_code}",
      `${base}${links.stream}`,
    );
    expect(again.stdout.toString()).toBe("204");
  });

  it("by SSE on the POST", async () => {
    const prompt = "Écris un haïku sur la pluie 🌧️";
    const { code, stdout } = await curl(...post({ prompt }, "-H", "accept: text/event-stream"));
    expect(code).toBe(0);
    const transcript = transcriptOf(stdout);
    const [run] = Object.values(transcript.state.runs);
    expect(run).toMatchObject({ status: "completed", text: answerText(prompt) });
  });

  it.each(["", "?committed=1"])("as plain text%s, byte for byte", async (query) => {
    const prompt = `Say it plainly${query}`;
    const [url, ...rest] = post({ prompt }, "-H", "accept: text/plain");
    const { code, stdout } = await curl(`${url}${query}`, ...rest);
    expect(code).toBe(0);
    expect(stdout.equals(Buffer.from(answerText(prompt)))).toBe(true);
  });

  it.each([
    ["a refused key", "scripted-401", 0],
    ["an answer that can't be finished", "scripted-tokens-40-rate-200-cut-20-nocontinue", 20],
  ])("and a failure as plain text: %s ends curl with an error", async (_, model, kept) => {
    const prompt = `It will fail: ${model}`;
    const body = { prompt, model, provider: "compatible", recovery: "continue" };
    const { code, stdout } = await curl(...post(body, "-H", "accept: text/plain"));
    expect(code).not.toBe(0);
    expect(stdout.toString()).toBe(scriptedText(prompt, kept));
  });
});

describe("an ask", () => {
  it("with an Idempotency-Key is carried out once", async () => {
    const client = await Client.join(base);
    const body = { prompt: `Only once ${port}` };
    const replies = await Promise.all([1, 2, 3].map(() => client.post(body, { "idempotency-key": "one" })));
    const ids = await Promise.all(replies.map(async (reply) => ((await reply.json()) as GenerateReply).id));
    expect(new Set(ids).size).toBe(1);
    await eventually("it ends", async () => (await client.status(ids[0] ?? "")).state === "completed");
    expect((await counters()).perPrompt[body.prompt]?.generations).toBe(1);
    const other = await client.post({ prompt: "Another" }, { "idempotency-key": "one" });
    expect([other.status, ((await other.json()) as Problem).code]).toEqual([422, "idempotency_conflict"]);
  });

  it.each([
    ["openai", "cancelled"],
    ["anthropic", "aborted"],
    ["compatible", "aborted"],
  ] as const)("can be stopped in the middle, at %s too, and what was said is kept", async (provider, state) => {
    const client = await Client.join(base);
    const prompt = `Stop me ${provider} ${port}`;
    const { id } = await client.ask({ prompt, provider, model: "scripted-tokens-2000-rate-40" });
    let status: StatusReply | undefined;
    await eventually("it has begun", async () => {
      status = await client.status(id);
      return status.progress.characters > 60;
    });
    expect(await client.cancel(id)).toEqual({ id, state: "cancelled" });
    await eventually("the provider has stopped", async () => {
      const [response] = Object.values((await counters()).perResponse).filter((each) => each.prompt === prompt);
      return response?.state === state;
    });
    const { messages } = await client.chat(id.slice(0, 64));
    const [, answer] = messages;
    expect(answer?.status).toBe("cancelled");
    expect(answer?.text.length).toBeGreaterThanOrEqual(status?.progress.characters ?? 0);
    expect(scriptedText(prompt, 2000).startsWith(answer?.text ?? "?")).toBe(true);
    // Stopping it again changes nothing.
    expect(await client.cancel(id)).toEqual({ id, state: "cancelled" });
  });
});

describe("the end", () => {
  /** Ctrl-C as a terminal sends it: to every process of the group. Resolves with the exit code. */
  async function ctrlC(child: ChildProcess, what: string): Promise<number | null> {
    expect(processesWithEnv(MARK, data).length).toBeGreaterThanOrEqual(2);
    const exited = new Promise<number | null>((done) => child.once("exit", done));
    const began = performance.now();
    process.kill(-(child.pid ?? 0), "SIGINT");
    const code = await exited;
    const ms = performance.now() - began;
    console.log(`Ctrl-C ended ${what} in ${Math.round(ms)} ms`);
    expect(ms).toBeLessThan(HANG_MS);
    await eventually("its processes are gone", () => processesWithEnv(MARK, data).length === 0);
    return code;
  }

  it("comes by one Ctrl-C, in time and with nothing left behind; the next start goes on with the answer", async () => {
    const client = await Client.join(base);
    const prompt = "In the middle of it";
    const { id, chatId } = await client.ask({ prompt, model: "scripted-tokens-200-rate-40" });
    await eventually("it has begun", async () => (await client.status(id)).progress.characters > 0);
    // npm's own shell dies of the signal, so npm tells of that; the launcher's own code is looked at next.
    await ctrlC(npm, "npm start");

    npm = npmStart({}, [process.execPath, "local/start.ts"]);
    await started(npm);
    await eventually("the answer goes on by itself", async () => {
      return (await client.chats()).chats.every((chat) => chat.id !== chatId || !chat.running);
    });
    expect((await client.chat(chatId)).messages[1]).toMatchObject({
      status: "completed",
      text: scriptedText(prompt, 200),
    });
    expect(await ctrlC(npm, "the launcher")).toBe(0);
    npm = npmStart();
    output = await started(npm);
  });

  it("by kill -9 leaves servers behind, which the next start ends", async () => {
    const client = await Client.join(base);
    const { id, chatId } = await client.ask({ prompt: "Keep this" });
    await eventually("it ends", async () => (await client.status(id)).state === "completed");
    const launcher = JSON.parse(await readFile(join(data, "launcher.json"), "utf8")) as { pid: number };
    const orphans = processesWithEnv(MARK, data).filter(({ command }) => command.includes("workerd"));
    // npm and the shell end with it; its servers do not.
    process.kill(launcher.pid, "SIGKILL");
    await eventually("npm ends", () => npm.exitCode !== null || npm.signalCode !== null);
    npm = npmStart();
    output = await started(npm);
    for (const { pid } of orphans) expect(output).toContain(`Ended process ${pid}, left behind`);
    expect((await client.chat(chatId)).messages[1]?.text).toBe(answerText("Keep this"));
  });
});
