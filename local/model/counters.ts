/**
 * What the scripted model has done, for tests to read: requests, and tokens *made* (the model worked) apart from tokens
 * *sent* (went out on a wire, replays included), in all, per prompt and per answer.
 */
export interface PromptCounts {
  requests: number;
  /** Answers begun: requests that passed every check. */
  generations: number;
  /** Of these, those that went on from a prefix. */
  continuations: number;
  generated: number;
  sent: number;
  /** Tokens made at a place of the text that an answer of the same model to the same prompt had already reached. */
  madeTwice: number;
}

export interface ResponseCounts {
  endpoint: string;
  model: string;
  prompt: string;
  background: boolean;
  generated: number;
  sent: number;
  /** Streams that read it: the first and every re-attach. */
  connections: number;
  state: string;
}

export interface CountersSnapshot {
  requests: {
    total: number;
    byEndpoint: Record<string, number>;
    byModel: Record<string, number>;
    byStatus: Record<string, number>;
  };
  tokensGenerated: number;
  tokensSent: number;
  reattaches: number;
  cancels: number;
  /** Answers that stopped because their reader left. */
  aborted: number;
  openStreams: number;
  peakOpenStreams: number;
  perPrompt: Record<string, PromptCounts>;
  perResponse: Record<string, ResponseCounts>;
}

const KEPT = 5_000;
const KEY_LENGTH = 200;

/** A prompt as `perPrompt` names it: whole up to 200 code units, else its beginning and its length. */
export function promptKey(prompt: string): string {
  return prompt.length <= KEY_LENGTH ? prompt : `${prompt.slice(0, KEY_LENGTH)}… (${prompt.length})`;
}

/** How far a model's answer to a prompt was ever made, in UTF-16 code units. */
export interface Reach {
  position: number;
}

export class Counters {
  tokensGenerated = 0;
  tokensSent = 0;
  reattaches = 0;
  cancels = 0;
  aborted = 0;
  openStreams = 0;
  peakOpenStreams = 0;
  #requests = 0;
  #byEndpoint = new Map<string, number>();
  #byModel = new Map<string, number>();
  #byStatus = new Map<string, number>();
  #prompts = new Map<string, PromptCounts>();
  #responses = new Map<string, ResponseCounts>();
  #reaches = new Map<string, Reach>();

  request(endpoint: string, status: number): void {
    this.#requests++;
    add(this.#byEndpoint, endpoint);
    add(this.#byStatus, String(status));
  }

  model(model: string): void {
    add(this.#byModel, model);
  }

  prompt(prompt: string): PromptCounts {
    const key = promptKey(prompt);
    const known = this.#prompts.get(key);
    if (known !== undefined) return known;
    const fresh = { requests: 0, generations: 0, continuations: 0, generated: 0, sent: 0, madeTwice: 0 };
    return keep(this.#prompts, key, fresh);
  }

  reach(model: string, prompt: string): Reach {
    const key = `${model}\n${promptKey(prompt)}`;
    return this.#reaches.get(key) ?? keep(this.#reaches, key, { position: 0 });
  }

  response(id: string, counts: ResponseCounts): ResponseCounts {
    return keep(this.#responses, id, counts);
  }

  opened(): void {
    this.openStreams++;
    this.peakOpenStreams = Math.max(this.peakOpenStreams, this.openStreams);
  }

  /** Everything to zero but the streams that are open. Answers under way count on, from zero, only in the totals. */
  reset(): void {
    this.tokensGenerated = this.tokensSent = this.reattaches = this.cancels = this.aborted = this.#requests = 0;
    this.peakOpenStreams = this.openStreams;
    const maps = [this.#byEndpoint, this.#byModel, this.#byStatus, this.#prompts, this.#responses, this.#reaches];
    for (const map of maps) map.clear();
  }

  snapshot(): CountersSnapshot {
    return {
      requests: {
        total: this.#requests,
        byEndpoint: Object.fromEntries(this.#byEndpoint),
        byModel: Object.fromEntries(this.#byModel),
        byStatus: Object.fromEntries(this.#byStatus),
      },
      tokensGenerated: this.tokensGenerated,
      tokensSent: this.tokensSent,
      reattaches: this.reattaches,
      cancels: this.cancels,
      aborted: this.aborted,
      openStreams: this.openStreams,
      peakOpenStreams: this.peakOpenStreams,
      perPrompt: copyOf(this.#prompts),
      perResponse: copyOf(this.#responses),
    };
  }
}

function copyOf<T>(map: Map<string, T>): Record<string, T> {
  return Object.fromEntries([...map].map(([key, value]) => [key, { ...value }]));
}

function add(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

/** Bounded: the oldest entry leaves when there are more than 5,000. */
function keep<T>(map: Map<string, T>, key: string, value: T): T {
  map.set(key, value);
  if (map.size > KEPT) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  return value;
}
