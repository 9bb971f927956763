/**
 * `npm run model`: a real small language model on this machine, without a key. Fetches SmolLM2-135M-Instruct and llama.cpp once, then
 * serves an OpenAI-compatible endpoint on 127.0.0.1:8081 (MODEL_PORT) until Ctrl-C. `npm start` finds it there.
 */
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { basename, join, resolve } from "node:path";
import { prepareFiles, type RealFiles, SetupError } from "./real-files.ts";

const HOST = "127.0.0.1";
const OUR_MODEL = "smollm2-135m-instruct";

async function main(): Promise<number> {
  const port = portFrom(process.env.MODEL_PORT);
  const own = process.env.MODEL_GGUF;
  const name = own === undefined ? OUR_MODEL : basename(own).replace(/\.gguf$/i, "");
  const url = `http://${HOST}:${port}/v1`;
  if (await isTaken(port)) {
    const served = await modelsAt(url);
    if (!served.includes(name)) {
      throw new SetupError(
        `Port ${port} is taken by something else. Choose another: MODEL_PORT=${port + 1} npm run model`,
      );
    }
    console.log(`${name} is already served at ${url}`);
    return 0;
  }
  const data = process.env.KEEPSTREAM_DATA ?? join(import.meta.dirname, "../../.keepstream");
  const files = await prepareFiles(resolve(data, "model"), own);
  return serve(files, port, name, url);
}

/** Runs the server and lives as long as it does; its exit code is ours, a stop by signal is a good end. */
async function serve(files: RealFiles, port: number, name: string, url: string): Promise<number> {
  const script = join(import.meta.dirname, "serve.py");
  // Its standard input is ours to hold: it ends when we die, however we die.
  const child = spawn(files.python, [script, files.weights, String(port), name], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      stopping = true;
      child.kill("SIGTERM");
    });
  }
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const wasReady = said.includes("ready ");
    said += text;
    if (!wasReady && said.includes("ready ")) announce(name, url);
  });
  const status = await new Promise<number | null>((done) => {
    child.once("error", () => done(1));
    child.once("exit", (code) => done(code));
  });
  if (stopping) return 0;
  console.error(`The model's server ended by itself${status === null ? "" : ` with code ${status}`}.`);
  return status ?? 1;
}

function announce(name: string, url: string): void {
  console.log(`
${name} is served at ${url}   (Ctrl-C ends it)

  Try it:     curl -N ${url}/chat/completions -H 'content-type: application/json' \\
                -d '{"stream":true,"messages":[{"role":"user","content":"What is a river?"}]}'
  Keepstream: COMPATIBLE_BASE_URL=${url} npm start      (on the usual port it is found without that)

It is a very small model: real words, streamed for real, and often wrong.`);
}

function portFrom(value: string | undefined): number {
  const port = Number(value ?? 8081);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new SetupError(`MODEL_PORT must be a number from 1 to 65535, not "${value}".`);
}

async function isTaken(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ port, host: HOST });
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}

/** The ids of an OpenAI-compatible server's models; none when it is no such server. */
async function modelsAt(url: string): Promise<string[]> {
  try {
    const response = await fetch(`${url}/models`, { signal: AbortSignal.timeout(2_000) });
    const { data } = (await response.json()) as { data: { id: string }[] };
    return data.map((model) => model.id);
  } catch {
    return [];
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
