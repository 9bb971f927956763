// Runs the bridge's image step by step as its Dockerfile states it, in a folder instead of a container: what it copies, its
// commands after that, its health check and its program; and a worker by the other command named there. What is left out
// is the base image with its packages. (The steps of `local/Dockerfile` are those of CI and of `compose.test.ts`.)
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { startScriptedModel } from "../../local/model/server.ts";
import { freePort } from "../../local/ports.ts";
import { ROOT } from "../compose-file.ts";
import { startTemporal, withoutTemporal } from "../temporal.ts";
import { Client } from "./client.ts";
import { eventually, Stack } from "./stack.ts";

const dockerfile = readFileSync(join(ROOT, "temporal-bridge/Dockerfile"), "utf8").replace(/\\\n/g, "");
/** Its instructions after the user's, who runs everything from there on: those before prepare the system. */
const steps = [...(dockerfile.split(/^USER node$/m)[1] ?? "").matchAll(/^([A-Z]+) (.*)$/gm)].map(
  ([, what = "", said = ""]) => ({
    what,
    said: said.trim(),
  }),
);
const command = (what: string): string[] => {
  const { said = "" } = steps.find((step) => step.what === what) ?? {};
  return JSON.parse(said.slice(said.indexOf("[")));
};
const environment = Object.fromEntries(
  [...dockerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, said = ""]) =>
    said
      .trim()
      .split(" ")
      .map((one) => one.split("=")),
  ),
);
/** Installing what is needed takes a minute, more where other work shares the machine. */
const PATIENCE_MS = 400_000;
const TOKEN = "bridge-token-of-the-image";

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

it.skipIf(withoutTemporal)(
  `the bridge's image is built, is well, and its worker answers${withoutTemporal ? ` (skipped: ${withoutTemporal})` : ""}`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "keepstream-image-"));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    // Whom this machine trusts belongs to it too: what is not at hand is fetched.
    const { PATH = "", HOME = "", NODE_EXTRA_CA_CERTS = "" } = process.env;
    const system = { PATH, HOME, NODE_EXTRA_CA_CERTS };
    for (const { what, said } of steps) {
      const files = said.split(" ").filter((word) => !word.startsWith("--"));
      if (what === "COPY") {
        const to = files.pop() ?? "";
        for (const file of files) cpSync(join(ROOT, file), join(folder, to === "./" ? file : to), { recursive: true });
      } else if (what === "RUN") {
        // What this machine has fetched before need not be fetched again.
        const env = { ...system, ...environment, npm_config_prefer_offline: "true" };
        await promisify(execFile)("sh", ["-ec", said], { cwd: folder, env, maxBuffer: 1e8 });
      }
    }

    const temporal = await startTemporal();
    closing.push(() => temporal.close());
    const model = await startScriptedModel();
    closing.push(() => model.close());
    const port = await freePort();
    const shared = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_BRIDGE_TOKEN: TOKEN };
    const start = ([program = "", ...args]: string[], more: Record<string, string>): ChildProcess => {
      const env = { ...system, ...environment, ...shared, HOST: "127.0.0.1", PORT: String(port), ...more };
      const child = spawn(program, args, { cwd: folder, env, stdio: ["ignore", "ignore", "inherit"] });
      closing.push(() => child.kill("SIGKILL"));
      return child;
    };
    const bridge = start(command("CMD"), {});
    await eventually("the health check holds", async () => {
      const check = start(command("HEALTHCHECK"), {});
      return (await new Promise((ended) => check.on("close", ended))) === 0;
    });

    const stack = await Stack.start({
      scriptedModelUrl: model.url,
      env: { TEMPORAL_BRIDGE_URL: `http://127.0.0.1:${port}`, TEMPORAL_BRIDGE_TOKEN: TOKEN },
    });
    closing.push(() => stack.dispose());
    const named = /(node temporal-bridge\/worker\.ts)/.exec(dockerfile)?.[1] ?? "";
    const worker = start(named.split(" "), {
      EDGE_URL: stack.url,
      COMPATIBLE_BASE_URL: `${model.url}/v1`,
      SCRIPTED_PROVIDERS: "compatible",
    });
    const client = await Client.join(stack.url);
    const model20 = "scripted-tokens-20-rate-0";
    const { id } = await client.ask({
      prompt: "From the image",
      tier: "temporal",
      provider: "compatible",
      model: model20,
    });
    await eventually("it is answered", async () => (await client.status(id)).state === "completed");

    // Signals reach Node itself: both end by themselves when they are told to.
    for (const child of [bridge, worker]) {
      const ended = new Promise((resolve) => child.on("close", resolve));
      child.kill("SIGTERM");
      expect(await ended).toBe(0);
    }
  },
  PATIENCE_MS,
);
