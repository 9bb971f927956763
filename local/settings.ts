// From the launcher's environment and `.dev.vars` to the Worker's bindings: which provider is real, which one the
// scripted model plays, and what to tell the person about it.
import { existsSync, readFileSync } from "node:fs";
import { parseEnv as parseEnvFile } from "node:util";
import { z } from "zod";
import { type ProviderName, providerNameSchema } from "../protocol/records.ts";
import { parseEnv } from "../workers/env.ts";
import type { LocalServer } from "./find-models.ts";
import { StartError } from "./start-error.ts";

/** Read by bridge and worker alone: in a deployment, of use only where they run in its containers. */
export const FOR_CONTAINERS = [
  "EDGE_URL",
  "TEMPORAL_ADDRESS",
  "TEMPORAL_NAMESPACE",
  "TEMPORAL_API_KEY",
  "TEMPORAL_TLS",
  "TEMPORAL_TASK_QUEUE",
  "TEMPORAL_UI_URL",
] as const;

/** What the Worker may be told by the launcher's own environment. `.dev.vars` is handed on whole. */
export const HANDED_ON = [
  "OPENAI_API_KEY",
  "OPENAI_BASE_URL",
  "OPENAI_MODELS",
  "OPENAI_BACKGROUND",
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_BASE_URL",
  "ANTHROPIC_MODELS",
  "COMPATIBLE_API_KEY",
  "COMPATIBLE_BASE_URL",
  "COMPATIBLE_MODELS",
  "SCRIPTED_PROVIDERS",
  "PROVIDER_STALL_MS",
  "UPSTASH_REDIS_REST_URL",
  "UPSTASH_REDIS_REST_TOKEN",
  "CACHE_TTL_SECONDS",
  "CACHE_LOOK_UP_MS",
  "DEFAULT_TIER",
  "DEFAULT_PROVIDER",
  "DEFAULT_MODEL",
  "AUTH_MODE",
  "ALLOW_OPEN",
  "ADMIN_TOKEN",
  "API_TOKENS",
  "BODY_SECONDS",
  "SESSION_SECRET",
  "ACCESS_TEAM_DOMAIN",
  "ACCESS_AUD",
  "ALLOWED_ORIGINS",
  "LOG_LEVEL",
  "LOG_PROMPTS",
  "ASKS_PER_MINUTE",
  "ANSWERS_AT_ONCE",
  "TOKENS_PER_DAY",
  "DOLLARS_PER_DAY",
  "DATABASE_URL",
  "NEON_FETCH_ENDPOINT",
  "EVICT_AFTER_DAYS",
  "TEMPORAL_BRIDGE_URL",
  "TEMPORAL_BRIDGE_TOKEN",
  ...FOR_CONTAINERS,
] as const;

export type Vars = Record<string, string>;

/** What is said of a provider in the table at the start. */
export interface ProviderLine {
  provider: ProviderName;
  state: "real" | "scripted" | "off";
  why: string;
}

export interface Decided {
  /** The Worker's bindings. */
  vars: Vars;
  providers: ProviderLine[];
  /** What the person should know besides. */
  notes: string[];
}

/** The settings given: those of the environment, then those of the file. A blank value counts as none. */
export function readGiven(environment: NodeJS.ProcessEnv, devVarsFile: string | null): Vars {
  const file = devVarsFile !== null && existsSync(devVarsFile) ? parseEnvFile(readFileSync(devVarsFile, "utf8")) : {};
  const own = Object.fromEntries(HANDED_ON.map((name) => [name, environment[name]]));
  const given: Vars = {};
  for (const [name, value] of [...Object.entries(file), ...Object.entries(own)]) if (value?.trim()) given[name] = value;
  return given;
}

/** Everything that is set, for programs that are started: the environment's, and the file's where that has nothing. */
export function allSet(environment: NodeJS.ProcessEnv, given: Vars): NodeJS.ProcessEnv {
  return { ...given, ...Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim())) };
}

/** Whether a provider will be played by the scripted model unless one is found on this machine. */
export function needsScriptedModel(given: Vars, found: LocalServer[]): boolean {
  return decide(given, found, "http://scripted.invalid").providers.some(({ state }) => state === "scripted");
}

/** Decides what each provider is. `scriptedUrl` is where the scripted model listens. */
export function decide(given: Vars, found: LocalServer[], scriptedUrl: string): Decided {
  const vars = { ...given };
  const notes: string[] = [];
  const declared = (given.SCRIPTED_PROVIDERS ?? "").split(",").map((name) => name.trim());
  const lines = providerNameSchema.options.map((provider): ProviderLine => {
    if (provider === "compatible") return decideCompatible(vars, notes, found, scriptedUrl);
    const prefix = provider.toUpperCase();
    if (vars[`${prefix}_API_KEY`]) {
      return { provider, state: "real", why: vars[`${prefix}_BASE_URL`] ?? `${prefix}_API_KEY is set` };
    }
    if (vars[`${prefix}_BASE_URL`]) {
      return { provider, state: "off", why: `${prefix}_BASE_URL is set but ${prefix}_API_KEY is not` };
    }
    vars[`${prefix}_API_KEY`] = "scripted";
    vars[`${prefix}_BASE_URL`] = provider === "openai" ? `${scriptedUrl}/v1` : scriptedUrl;
    delete vars[`${prefix}_MODELS`];
    return { provider, state: "scripted", why: `${prefix}_API_KEY is not set` };
  });
  // A person may say of an endpoint of their own that it is scripted.
  const providers = lines.map((line) =>
    line.state === "real" && declared.includes(line.provider) ? { ...line, state: "scripted" as const } : line,
  );
  vars.SCRIPTED_PROVIDERS = providers
    .flatMap(({ provider, state }) => (state === "scripted" ? [provider] : []))
    .join(",");
  keepDefaultPossible(vars, providers, notes);
  check(vars);
  return { vars, providers, notes };
}

function decideCompatible(vars: Vars, notes: string[], found: LocalServer[], scriptedUrl: string): ProviderLine {
  const provider = "compatible";
  if (vars.COMPATIBLE_BASE_URL) return { provider, state: "real", why: vars.COMPATIBLE_BASE_URL };
  for (const server of found.filter(({ models }) => models.length === 0)) {
    notes.push(`${server.name} runs but has no model. Fetch one (ollama pull llama3.2), then start again.`);
  }
  const server = found.find(({ models }) => models.length > 0);
  if (server) {
    vars.COMPATIBLE_BASE_URL = server.baseUrl;
    const names = server.models.slice(0, 3).join(", ") + (server.models.length > 3 ? ", …" : "");
    return { provider, state: "real", why: `${server.name} found at ${server.baseUrl}: ${names}` };
  }
  vars.COMPATIBLE_BASE_URL = `${scriptedUrl}/v1`;
  vars.COMPATIBLE_API_KEY = "scripted";
  delete vars.COMPATIBLE_MODELS;
  return { provider, state: "scripted", why: "COMPATIBLE_BASE_URL is not set, and no Ollama runs here" };
}

/** A default model that was meant for a real provider would make every ask fail where only the scripted one is on. */
function keepDefaultPossible(vars: Vars, providers: ProviderLine[], notes: string[]): void {
  const { DEFAULT_MODEL: model, DEFAULT_PROVIDER: name } = vars;
  if (!model || model.startsWith("scripted")) return;
  const on = providers.filter(({ state }) => state !== "off");
  const chosen = name
    ? on.find(({ provider }) => provider === name)
    : (on.find(({ state }) => state === "real") ?? on[0]);
  if (chosen?.state !== "scripted") return;
  delete vars.DEFAULT_MODEL;
  notes.push(`DEFAULT_MODEL=${model} is left aside: ${chosen.provider} has no key, so the scripted model answers.`);
}

/** Wrong settings are told now, by name, rather than by each request. */
function check(vars: Vars): void {
  try {
    parseEnv(vars);
  } catch (error) {
    const message = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new StartError(message, "Correct it in .dev.vars or in the environment, then start again.");
  }
}
