/**
 * The grammar of scripted model names: `scripted` and then words joined by `-`, some followed by a number.
 * `scripted-tokens-60-rate-50-cut-20-once` says 60 tokens at 50 a second, and cuts the first connection after 20. README.md has the table.
 */

/** Answered instead of a stream, with an HTTP error. */
export type RefusingFault = "401" | "403" | "429" | "500" | "503" | "529" | "overloaded" | "context";
/** The model itself ends badly, whoever listens. */
type EndingFault = "error" | "failed" | "filter" | "refusal";
/** One connection goes wrong; a background answer goes on behind it. */
export type ConnectionFault = "cut" | "torn" | "end" | "hang" | "malformed";
type FaultKind = RefusingFault | EndingFault | ConnectionFault;

export interface Fault {
  kind: FaultKind;
  /** Tokens that pass before it strikes. */
  after: number;
  /** How often it strikes per prompt; Infinity = always. */
  times: number;
}

export interface Script {
  model: string;
  says: { kind: "answer" } | { kind: "tokens" | "markdown"; count: number };
  /** Tokens a second; 0 = as fast as possible. */
  rate: number;
  /** Milliseconds from the first event to the first token. */
  ttft: number;
  /** Milliseconds before the response's head. */
  headers: number;
  /** In the order of the name; a request takes the first that is not used up. */
  faults: Fault[];
  /** Seconds in Retry-After of 429, 503 and 529. */
  retryAfter: number;
  /** The model's own limit of output tokens. */
  limit: number;
  /** The model's context window in tokens. */
  window: number;
  prefill: boolean;
  continuation: boolean;
  /** What happens to someone who comes back to a background answer's stream. */
  reattach: "yes" | "gone" | "expired";
  /** HTTP chunks end inside events and inside characters. */
  misaligned: boolean;
  /** Each token carries the server's clock (ms since 1970) when it was made: for latency measurements, not repeatable. */
  stamped: boolean;
}

export const REFUSING: ReadonlySet<string> = new Set<RefusingFault>([
  "401",
  "403",
  "429",
  "500",
  "503",
  "529",
  "overloaded",
  "context",
]);
const ENDING: ReadonlySet<string> = new Set<EndingFault>(["error", "failed", "filter", "refusal"]);
export const CONNECTION: ReadonlySet<string> = new Set<ConnectionFault>(["cut", "torn", "end", "hang", "malformed"]);

/** The models that `GET /v1/models` always offers; every other name of the grammar works without being listed. */
export const LISTED_MODELS = ["scripted", "scripted-fast", "scripted-slow"] as const;

const DEFAULT_RATE = 45;
const DEFAULT_AFTER = 5;
const DEFAULT_WINDOW = 200_000;
const MAX_TOKENS = 1_000_000;

type Numbered = (script: Script, value: number) => void;
const NUMBERED: Record<string, Numbered> = {
  tokens: (script, value) => {
    script.says = { kind: "tokens", count: Math.min(Math.floor(value), MAX_TOKENS) };
  },
  markdown: (script, value) => {
    script.says = { kind: "markdown", count: Math.min(Math.floor(value), MAX_TOKENS) };
  },
  rate: (script, value) => {
    script.rate = value;
  },
  ttft: (script, value) => {
    script.ttft = value;
  },
  headers: (script, value) => {
    script.headers = value;
  },
  retryafter: (script, value) => {
    script.retryAfter = value;
  },
  limit: (script, value) => {
    script.limit = Math.floor(value);
  },
  window: (script, value) => {
    script.window = Math.floor(value);
  },
};

const PLAIN: Record<string, (script: Script) => void> = {
  fault: () => {},
  fast: (script) => {
    script.rate = 250;
  },
  slow: (script) => {
    script.rate = 8;
    script.ttft = 1500;
  },
  noprefill: (script) => {
    script.prefill = false;
  },
  nocontinue: (script) => {
    script.prefill = false;
    script.continuation = false;
  },
  noreattach: (script) => {
    script.reattach = "gone";
  },
  expired: (script) => {
    script.reattach = "expired";
  },
  misaligned: (script) => {
    script.misaligned = true;
  },
  stamped: (script) => {
    script.stamped = true;
  },
};

/** The script of a model name, or why there is none: `{ unknown }` names the word that is not in the grammar. */
export function parseScript(model: string): Script | { unknown: string } {
  const [first, ...words] = model.split("-");
  if (first !== "scripted") return { unknown: model };
  const script: Script = {
    model,
    says: { kind: "answer" },
    rate: DEFAULT_RATE,
    ttft: 0,
    headers: 0,
    faults: [],
    retryAfter: 1,
    limit: Number.POSITIVE_INFINITY,
    window: DEFAULT_WINDOW,
    prefill: true,
    continuation: true,
    reattach: "yes",
    misaligned: false,
    stamped: false,
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const next = words[i + 1];
    const value = next !== undefined && /^\d+(?:\.\d+)?$/.test(next) ? Number(next) : undefined;
    const fault = script.faults.at(-1);
    const numbered = Object.hasOwn(NUMBERED, word) ? NUMBERED[word] : undefined;
    const plain = Object.hasOwn(PLAIN, word) ? PLAIN[word] : undefined;
    if (numbered !== undefined && value !== undefined) {
      numbered(script, value);
      i++;
    } else if (plain !== undefined) {
      plain(script);
    } else if (REFUSING.has(word)) {
      script.faults.push({ kind: word as FaultKind, after: 0, times: Number.POSITIVE_INFINITY });
    } else if (ENDING.has(word) || CONNECTION.has(word)) {
      const after = value === undefined ? DEFAULT_AFTER : Math.floor(value);
      script.faults.push({ kind: word as FaultKind, after, times: Number.POSITIVE_INFINITY });
      if (value !== undefined) i++;
    } else if (fault !== undefined && word === "once") {
      fault.times = 1;
    } else if (fault !== undefined && word === "twice") {
      fault.times = 2;
    } else if (fault !== undefined && word === "times" && value !== undefined) {
      fault.times = value;
      i++;
    } else {
      return { unknown: word };
    }
  }
  return script;
}

/** Remembers, per model and prompt, how often each fault has struck. */
export class FaultLedger {
  #struck = new Map<string, number>();

  /** The fault this request meets, and counts it; null when none of the wanted kinds is left. */
  take(script: Script, prompt: string, wanted: (kind: FaultKind) => boolean): Fault | null {
    for (const [index, fault] of script.faults.entries()) {
      if (!wanted(fault.kind)) continue;
      const key = `${index}\n${script.model}\n${prompt}`;
      const struck = this.#struck.get(key) ?? 0;
      if (struck >= fault.times) continue;
      if (fault.times !== Number.POSITIVE_INFINITY) this.#struck.set(key, struck + 1);
      return fault;
    }
    return null;
  }

  reset(): void {
    this.#struck.clear();
  }
}
