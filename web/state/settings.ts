// What an ask is made with: per chat where the person set it there, else as they last set it, else as the chat's last
// answer was made, else the deployment's defaults. `null` in a parameter is the model's own default: nothing is sent.
import { createStore } from "solid-js/store";
import type { ProviderName, Tier } from "../../protocol/records.ts";
import type { RunState } from "../../protocol/reduce.ts";
import type { CacheMode, CachePace } from "../../protocol/requests.ts";
import type { AskSettings } from "./chat-session.ts";
import { recallJson, remember } from "./storage.ts";

export interface Settings {
  tier: Tier | null;
  provider: ProviderName | null;
  model: string | null;
  temperature: number | null;
  maxOutputTokens: number | null;
  system: string;
  cache: CacheMode;
  /** How a kept answer comes: at once, or as it was made. */
  pace: CachePace;
}

const UNSET: Settings = {
  tier: null,
  provider: null,
  model: null,
  temperature: null,
  maxOutputTokens: null,
  system: "",
  cache: "default",
  pace: "instant",
};

/** Chats whose own settings are kept; the oldest are forgotten first. */
const MOST_CHATS = 200;
const NEW = "new";
const KEY = "settings";

type Saved = Record<string, Partial<Settings>>;

const [saved, setSaved] = createStore<Saved>(recallJson<Saved>(KEY) ?? {});

/** The settings of a run, as the start for the next ask in its chat. */
const fromRun = (run: RunState | undefined): Partial<Settings> =>
  run
    ? {
        tier: run.tier,
        provider: run.provider,
        model: run.model,
        temperature: run.params.temperature,
        maxOutputTokens: run.params.maxOutputTokens,
        system: run.params.system ?? "",
      }
    : {};

/** What an ask in this chat would be made with. A system prompt never leaks from one chat into another. */
export function settingsOf(chatId: string | null, lastRun?: RunState): Settings {
  const fresh = saved[NEW] ?? {};
  if (chatId === null) return { ...UNSET, ...fresh };
  const base = lastRun ? fromRun(lastRun) : { ...fresh, system: "" };
  return { ...UNSET, ...base, ...saved[chatId] };
}

/** Keeps a change for this chat, and what is not about its subject as the start of the next new one. */
export function setSettings(chatId: string | null, change: Partial<Settings>): void {
  const { system, ...lasting } = change;
  setSaved(NEW, (now) => ({ ...now, ...(chatId === null ? change : lasting) }));
  if (chatId !== null) setSaved(chatId, (now) => ({ ...now, ...change }));
  keep();
}

/** A new chat's settings become the chat's own; its system prompt does not follow into the next one. */
export function adoptSettings(chatId: string): void {
  setSaved(chatId, { ...saved[NEW] });
  setSaved(NEW, (now) => ({ ...now, system: "" }));
  keep();
}

function keep() {
  const chats = Object.entries(saved).filter(([id]) => id !== NEW);
  const kept = Object.fromEntries(chats.slice(-MOST_CHATS));
  remember(KEY, JSON.stringify({ ...kept, [NEW]: saved[NEW] ?? {} }));
}

/** The part of an ask the settings make. */
export function toAsk(settings: Settings): AskSettings {
  const { tier, provider, model, temperature, maxOutputTokens, system, cache, pace } = settings;
  const asked = { ...(cache !== "default" && { mode: cache }), ...(pace !== UNSET.pace && { pace }) };
  return {
    ...(tier && { tier }),
    ...(provider && { provider }),
    ...(model && { model }),
    ...(temperature !== null && { temperature }),
    ...(maxOutputTokens !== null && { maxOutputTokens }),
    ...(system.trim() && { system }),
    ...(tier === "redis" && Object.keys(asked).length > 0 && { cache: asked }),
  };
}
