// What is printed when everything runs: where it is, what is on and off, and why.
import { styleText } from "node:util";
import type { TiersReply } from "../protocol/requests.ts";
import type { ProviderLine } from "./settings.ts";
import type { StoreLine } from "./stores/choose.ts";

export interface Summary {
  url: string;
  version: string;
  /** From the start to the first request taken, ms. */
  readyMs: number;
  /** The data folder as it is shown. */
  data: string;
  scriptedUrl: string | null;
  /** What else has a page or an address. */
  places: { name: string; where: string }[];
  tiers: TiersReply["tiers"];
  providers: ProviderLine[];
  /** What keeps answers and chats besides. */
  stores: StoreLine[];
  /** The provider that answers when none is asked for. */
  defaultProvider: string | null;
  notes: string[];
  watching: boolean;
}

const on = (text: string) => styleText("green", text);
const half = (text: string) => styleText("yellow", text);
const dim = (text: string) => styleText("dim", text);
const bold = (text: string) => styleText("bold", text);
const link = (text: string) => styleText("cyan", text);

const STATE: Record<ProviderLine["state"] | StoreLine["state"], { mark: string; paint: (text: string) => string }> = {
  real: { mark: "●", paint: on },
  given: { mark: "●", paint: on },
  embedded: { mark: "●", paint: on },
  scripted: { mark: "◐", paint: half },
  off: { mark: "○", paint: dim },
};

export function banner(summary: Summary): string {
  const { url, version, readyMs, data, tiers, providers, stores, notes, watching } = summary;
  const ready = `ready in ${(readyMs / 1000).toFixed(1)} s${watching ? ", watching for changes" : ""}`;
  const places = [
    ["Page", url],
    ["API", `${url}/api/chat/generate`],
    ["Docs", `${url}/docs`],
    ["Health", `${url}/health`],
    ...summary.places.map(({ name, where }) => [name, where]),
  ];
  const sections = [
    `${bold("Keepstream")} ${version}   ${dim(ready)}`,
    places.map(([name, where]) => `  ${(name ?? "").padEnd(9)}${link(where ?? "")}`).join("\n"),
    table(
      "Tiers",
      tiers.map(({ tier, available, reason, default: isDefault }) => ({
        mark: available ? "●" : "○",
        paint: available ? on : dim,
        name: tier,
        state: available ? "on" : "off",
        // The archive of a new folder is still coming up.
        why: [!available && reason, isDefault && "default"].filter(Boolean).join("; "),
      })),
    ),
    table(
      "Providers",
      providers.map(({ provider, state, why }) => ({
        ...STATE[state],
        name: provider,
        state,
        why: summary.defaultProvider === provider ? `${why}; default` : why,
      })),
    ),
    table(
      "Stores",
      stores.map(({ part, state, why }) => ({ ...STATE[state], name: part, state, why })),
    ),
    explanation(summary),
    notes.map((note) => `  ${half("!")} ${note}`).join("\n"),
    `  ${dim("Try")}     curl -N ${url}/api/chat/generate -H 'accept: text/plain' -H 'content-type: application/json' \\\n` +
      `            -d '{"prompt":"What is a river?"}'\n` +
      `  ${dim("State")}   ${data}   ${dim("·")}   ${bold("Ctrl-C")} ends everything`,
  ];
  return `\n${sections.filter(Boolean).join("\n\n")}\n`;
}

interface Row {
  mark: string;
  paint: (text: string) => string;
  name: string;
  state: string;
  why: string;
}

function table(title: string, rows: Row[]): string {
  const lines = rows.map(
    ({ mark, paint, name, state, why }) => `  ${paint(mark)} ${name.padEnd(12)}${paint(state.padEnd(10))}${dim(why)}`,
  );
  return [`  ${bold(title)}`, ...lines].join("\n");
}

/** What a scripted model is, and how to have a real one. */
function explanation({ providers, scriptedUrl }: Summary): string {
  const scripted = providers.filter(({ state }) => state === "scripted").map(({ provider }) => provider);
  if (scripted.length === 0) return "";
  return [
    `  ${half("scripted")}: a scripted model${scriptedUrl ? ` (${scriptedUrl})` : ""} answers from a script. It is not an LLM.`,
    "  For real answers:",
    "    a key              put OPENAI_API_KEY=… or ANTHROPIC_API_KEY=… into .dev.vars, then start again",
    "    a model here       start Ollama with a model, or: npm run model   (both are found by themselves)",
    "    another endpoint   COMPATIBLE_BASE_URL=http://host:port/v1 in .dev.vars",
  ].join("\n");
}
