// What the contract suites share: the providers under contract, asks, and the scripted model's counts. Test code only.
import type { CountersSnapshot, PromptCounts, ResponseCounts } from "../local/model/counters.ts";
import { hashOf, scriptedToken } from "../local/model/text.ts";
import { AnthropicProvider } from "./anthropic.ts";
import { CompatibleProvider } from "./compatible.ts";
import { OpenAIProvider } from "./openai.ts";
import type { Ask, Beginning, Bookmark, Ending, Piece, Provider } from "./provider.ts";
import type { Patience } from "./stall-watch.ts";

interface Making {
  key?: string;
  /** Where nothing listens. */
  nowhere?: boolean;
  models?: string[];
  patience?: Partial<Patience>;
}

/** A provider under contract, against a scripted model. */
export interface Subject {
  /** As the test runner shows it. */
  title: string;
  make(making?: Making): Provider;
  /** Where the scripted model is, without a path. */
  url(): string;
}

const NOWHERE = "http://127.0.0.1:2";

/** Every provider, in every way it can be set up that changes what it says on its wire. */
export function subjects(url: () => string): Subject[] {
  const settings = ({ key = "scripted", nowhere, models = [], patience = {} }: Making = {}) => {
    return { key, models, patience, base: nowhere ? NOWHERE : url() };
  };
  const openai = (background: boolean) => (making?: Making) => {
    const { base, ...rest } = settings(making);
    return new OpenAIProvider({ ...rest, baseUrl: `${base}/v1`, background });
  };
  const anthropic = (prefill: boolean) => (making?: Making) => {
    const { base, ...rest } = settings(making);
    return new AnthropicProvider({ ...rest, baseUrl: base, prefill: () => prefill });
  };
  const compatible = (making?: Making) => {
    const { base, ...rest } = settings(making);
    return new CompatibleProvider({ ...rest, baseUrl: `${base}/v1` });
  };
  return [
    { title: "openai", make: openai(true), url },
    { title: "openai without background", make: openai(false), url },
    { title: "anthropic", make: anthropic(false), url },
    { title: "anthropic with prefill", make: anthropic(true), url },
    { title: "compatible", make: compatible, url },
  ];
}

export const never = new AbortController().signal;
let asked = 0;

/** A prompt nobody has asked before, so that the scripted model's counts of it are one test's own. */
export const newPrompt = (what: string) => `${what} (${Date.now()}.${++asked})`;

export function askOf(model: string, prompt: string, more: Partial<Ask> = {}): Ask {
  const turns = [{ role: "user", text: prompt }] as const;
  return { model, system: null, turns, temperature: null, maxOutputTokens: null, ...more };
}

/** The first tokens of the numbered text a scripted model answers to this prompt. */
export const tokensOf = (prompt: string, count: number) =>
  Array.from({ length: count }, (_, index) => scriptedToken(hashOf(prompt), index)).join("");

/** An answer under way, and what came of it so far. */
export class Run {
  readonly pieces: Piece[] = [];
  readonly ending: Promise<Ending>;

  constructor(provider: Provider, ask: Ask, beginning: Beginning = { kind: "fresh" }, signal: AbortSignal = never) {
    this.ending = provider.stream(ask, beginning, (piece) => this.pieces.push(piece), signal);
    this.ending.catch(() => {});
  }

  get text(): string {
    return this.pieces.map(({ text }) => text).join("");
  }

  get bookmark(): Bookmark {
    const bookmark = this.pieces.findLast((piece) => piece.bookmark !== null)?.bookmark;
    if (!bookmark) throw new Error("There was no bookmark.");
    return bookmark;
  }
}

/** What the scripted model counted for one prompt. */
export async function countsOf(subject: Subject, prompt: string): Promise<PromptCounts | undefined> {
  return (await counters(subject)).perPrompt[prompt];
}

/** The last answer the scripted model began to one prompt. */
export async function responseTo(subject: Subject, prompt: string): Promise<ResponseCounts | undefined> {
  return Object.values((await counters(subject)).perResponse).findLast((response) => response.prompt === prompt);
}

async function counters(subject: Subject): Promise<CountersSnapshot> {
  const response = await fetch(`${subject.url()}/_counters`);
  return (await response.json()) as CountersSnapshot;
}
