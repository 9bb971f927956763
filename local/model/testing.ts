/** What the tests of the three protocols share: a server, the official clients, and streams read to wherever they end. */
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { type ScriptedModel, startScriptedModel } from "./server.ts";

export interface Bench {
  model: ScriptedModel;
  openai: OpenAI;
  anthropic: Anthropic;
}

/** SDK clients without retries: a test wants to see each failure once. */
export async function startBench(): Promise<Bench> {
  const model = await startScriptedModel();
  const options = { apiKey: "test-key", maxRetries: 0, logLevel: "off" } as const;
  return {
    model,
    openai: new OpenAI({ ...options, baseURL: `${model.url}/v1` }),
    anthropic: new Anthropic({ ...options, baseURL: model.url }),
  };
}

interface Outcome<T> {
  events: T[];
  /** What the iteration threw, or null when it came to an end. */
  error: unknown;
}

/** Reads a stream until it ends, throws, or `enough` says so. */
export async function drain<T>(
  stream: AsyncIterable<T>,
  enough: (events: T[]) => boolean = () => false,
): Promise<Outcome<T>> {
  const events: T[] = [];
  try {
    for await (const event of stream) {
      events.push(event);
      if (enough(events)) break;
    }
    return { events, error: null };
  } catch (error) {
    return { events, error };
  }
}

/** Waits, in small steps, until a condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

let prompts = 0;
/** A prompt no other test uses. */
export function freshPrompt(): string {
  return `Prompt ${++prompts} é🧠`;
}
