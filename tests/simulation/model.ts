// The simulated models behind the provider interface: three providers, of which one keeps its answers for those who come
// back. They live outside the process: a crash cuts their streams, and the kept answers go on.
import type { ProviderName, RunErrorCode } from "../../protocol/records.ts";
import {
  type Ask,
  type Beginning,
  type Bookmark,
  type Ending,
  type Piece,
  type Provider,
  ProviderError,
} from "../../providers/provider.ts";
import type { Oracle } from "./oracle.ts";
import type { Random } from "./random.ts";
import type { Life, Scheduler } from "./scheduler.ts";
import { makePieces } from "./text.ts";

/** How often what goes wrong, for one request. */
export interface ModelFaults {
  /** Refused before anything came, with an error that passes, or one that does not. */
  transient: number;
  final: number;
  /** The connection breaks, or goes silent, somewhere in the middle. */
  cut: number;
  silent: number;
  /** A kept answer is gone when somebody comes back for it. */
  forgotten: number;
  /** A provider that keeps answers does not keep this one. */
  unkept: number;
  /** It will not go on with an answer that it has begun. */
  unwilling: number;
}

export interface ModelOptions {
  faults: ModelFaults;
  /** Pieces of an answer and characters of a piece, at most; the longest wait between two, ms. */
  pieces: number;
  characters: number;
  gap: number;
}

export const NO_FAULTS: ModelFaults = {
  transient: 0,
  final: 0,
  cut: 0,
  silent: 0,
  forgotten: 0,
  unkept: 0,
  unwilling: 0,
};

const TRANSIENT: RunErrorCode[] = ["provider_rate_limited", "provider_overloaded", "provider_unreachable"];
const FINAL: RunErrorCode[] = ["provider_auth", "provider_context_too_long", "provider_refused", "provider_malformed"];

/** One answer being made. Event 0 says that it began, each further one is a piece, and one more says that it ended. */
interface Answer {
  id: string;
  model: string;
  /** Where in the run's text it begins. */
  from: number;
  pieces: string[];
  kept: boolean;
  made: number;
  stopped: boolean;
  ending: Ending;
  streams: Set<Stream>;
}

interface Stream {
  answer: Answer;
  life: Life;
  /** Events handed on. */
  had: number;
  breaks: { at: number; error: ProviderError; after: number } | null;
  waiting: boolean;
  onPiece: (piece: Piece) => void;
  settle: PromiseWithResolvers<Ending>;
  known: boolean;
}

export class Models {
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #oracle: Oracle;
  readonly #options: ModelOptions;
  /** Nothing ever keeps anybody from taking an answer up again. */
  readonly #faithful: boolean;
  readonly #answers = new Map<string, Answer>();
  /** Node keeps a signal for as long as somebody listens: these end it, for the requests that are open. */
  readonly #listening = new Map<() => void, Life>();
  /** The answers of which text was handed on, by the model that was asked. */
  readonly #heard = new Map<string, Set<string>>();

  constructor(random: Random, scheduler: Scheduler, oracle: Oracle, options: ModelOptions) {
    this.#random = random;
    this.#scheduler = scheduler;
    this.#oracle = oracle;
    this.#options = { ...options };
    const { transient, final, cut, silent, forgotten } = options.faults;
    this.#faithful = transient + final + cut + silent + forgotten === 0;
  }

  heal(): void {
    this.#options.faults = NO_FAULTS;
  }

  /** The provider as the process that has this life sees it. */
  provider(name: ProviderName, life: Life): Provider {
    return {
      name,
      reattaches: name === "openai",
      stream: (ask, beginning, onPiece, signal) => this.#stream(name, life, ask, beginning, onPiece, signal),
      cancel: (bookmark) => this.#cancel(bookmark, life),
      models: () => Promise.resolve([]),
    };
  }

  /** How many answers somebody got text of. */
  answersHeard(model: string): number {
    return this.#heard.get(model)?.size ?? 0;
  }

  /** A process died: what nobody else can take up stops. */
  dropped(life: Life): void {
    for (const [deaf, whose] of this.#listening) if (whose === life) deaf();
    for (const answer of this.#answers.values()) {
      for (const stream of answer.streams) if (stream.life === life) this.#leave(stream);
    }
  }

  #stream(
    name: ProviderName,
    life: Life,
    ask: Ask,
    beginning: Beginning,
    onPiece: (piece: Piece) => void,
    signal: AbortSignal,
  ): Promise<Ending> {
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#checkContext(ask);
    if (beginning.kind !== "reattach") this.#checkNothingKept(ask);
    const settle = Promise.withResolvers<Ending>();
    let stream: Stream | null = null;
    const onAbort = () => {
      if (stream) this.#leave(stream);
      settle.reject(signal.reason);
    };
    const deaf = () => {
      signal.removeEventListener("abort", onAbort);
      this.#listening.delete(deaf);
    };
    signal.addEventListener("abort", onAbort);
    this.#listening.set(deaf, life);
    settle.promise.then(deaf, deaf);
    this.#scheduler.turnAfter(this.#random.between(1, this.#options.gap * 3), life, () => {
      if (signal.aborted) return;
      const refused = this.#refusal(beginning.kind);
      if (refused) return settle.reject(refused);
      const answer = beginning.kind === "reattach" ? this.#kept(beginning.bookmark) : this.#begin(name, ask, beginning);
      if (!answer) return settle.reject(new ProviderError("provider_stream_cut", "No longer here.", { final: true }));
      const had = beginning.kind === "reattach" ? beginning.bookmark.sequenceNumber + 1 : 0;
      const breaks = this.#breaks(answer, had);
      stream = { answer, life, had, breaks, waiting: false, onPiece, settle, known: had > 0 };
      answer.streams.add(stream);
      this.#offer(stream);
    });
    return settle.promise;
  }

  /** A model must be shown the promised words of the conversation, all of them and no others. */
  #checkContext({ model, turns }: Ask): void {
    this.#oracle.catchUp();
    const started = [...this.#oracle.runs.values()].find((run) => run.started.model === model)?.started;
    const expected = this.#oracle.pathTo(started?.parent ?? null);
    const same = JSON.stringify(turns) === JSON.stringify(expected);
    this.#oracle.check(
      same,
      () => `${model} was shown ${JSON.stringify(turns)} instead of ${JSON.stringify(expected)}`,
    );
  }

  /** Whoever could take up an answer must not begin another: it would be paid twice. */
  #checkNothingKept({ model }: Ask): void {
    if (!this.#faithful || this.#oracle.outside.has(model)) return;
    for (const { started, ended, bookmark } of this.#oracle.runs.values()) {
      const kept = started.model === model && !ended && this.#answers.get(bookmark?.responseId ?? "");
      if (kept && !kept.stopped) this.#oracle.fail(`${model} was asked although ${kept.id} could be taken up`);
    }
  }

  /** Whether an answer is still being made, or will be for whoever comes back. */
  goesOn(responseId: string): boolean {
    const answer = this.#answers.get(responseId);
    return answer !== undefined && !answer.stopped && answer.made < answer.pieces.length + 2;
  }

  #refusal(kind: Beginning["kind"]): ProviderError | null {
    const { transient, final, unwilling } = this.#options.faults;
    if (kind === "continue" && this.#random.chance(unwilling)) return new ProviderError("provider_malformed", "No.");
    const retryAfter = this.#random.chance(0.3) ? this.#random.between(0, 2) : null;
    if (this.#random.chance(transient))
      return new ProviderError(this.#random.pick(TRANSIENT), "Later.", { retryAfter });
    return this.#random.chance(final) ? new ProviderError(this.#random.pick(FINAL), "No.") : null;
  }

  #kept({ responseId, sequenceNumber }: Bookmark): Answer | null {
    const answer = this.#answers.get(responseId);
    if (!answer || answer.stopped || this.#random.chance(this.#options.faults.forgotten)) return null;
    this.#oracle.check(answer.kept, () => `${responseId} was never kept`);
    this.#oracle.check(sequenceNumber < answer.made, () => `${responseId} has not come to ${sequenceNumber}`);
    return answer;
  }

  #breaks({ pieces }: Answer, had: number): Stream["breaks"] {
    const at = this.#random.between(had, pieces.length + 1);
    if (this.#random.chance(this.#options.faults.cut)) {
      return { at, after: this.#random.between(0, 50), error: new ProviderError("provider_stream_cut", "Cut.") };
    }
    if (!this.#random.chance(this.#options.faults.silent)) return null;
    return { at, after: 3_000, error: new ProviderError("provider_stalled", "Nothing came for 3 s.") };
  }

  #begin(name: ProviderName, ask: Ask, beginning: Beginning): Answer {
    const prefix = beginning.kind === "continue" ? beginning.prefix : "";
    const truth = prefix && this.#oracle.truths(ask.model).findLast((text) => text.startsWith(prefix));
    const { pieces: most, characters, faults } = this.#options;
    let pieces = makePieces(this.#random, this.#random.between(0, most), characters);
    if (truth) pieces = cutAnew(this.#random, truth.slice(prefix.length), characters);
    else this.#oracle.meant(ask.model, prefix + pieces.join(""));
    const outputTokens = pieces.length;
    const usage = this.#random.chance(0.7) ? { inputTokens: 7, cachedInputTokens: 0, outputTokens } : null;
    const answer: Answer = {
      id: `answer-${this.#answers.size}`,
      model: ask.model,
      from: prefix.length,
      pieces,
      kept: name === "openai" && !this.#random.chance(faults.unkept),
      made: 0,
      stopped: false,
      ending: { finish: this.#random.pick(["stop", "stop", "length"]), usage },
      streams: new Set(),
    };
    this.#answers.set(answer.id, answer);
    this.#make(answer);
    return answer;
  }

  #make(answer: Answer): void {
    if (answer.stopped) return;
    answer.made += 1;
    for (const stream of answer.streams) this.#offer(stream);
    if (answer.made < answer.pieces.length + 2) {
      this.#scheduler.after(this.#random.between(0, this.#options.gap), () => this.#make(answer));
    }
  }

  /** What has been made and not handed on arrives in one read, a moment later. */
  #offer(stream: Stream): void {
    if (stream.waiting || stream.had >= stream.answer.made) return;
    stream.waiting = true;
    this.#scheduler.turnAfter(this.#random.between(0, 15), stream.life, () => {
      stream.waiting = false;
      if (stream.answer.streams.has(stream)) this.#handOn(stream);
    });
  }

  #handOn(stream: Stream): void {
    const { answer, breaks, life, settle } = stream;
    const ends = answer.pieces.length + 1;
    const through = Math.min(answer.made, breaks?.at ?? ends, ends);
    if (through > stream.had) {
      const text = answer.pieces.slice(Math.max(stream.had - 1, 0), through - 1).join("");
      stream.had = through;
      const bookmark = answer.kept ? { responseId: answer.id, sequenceNumber: through - 1 } : null;
      stream.known ||= bookmark !== null;
      if (text) this.#hear(answer);
      const length = answer.from + answer.pieces.slice(0, through - 1).join("").length;
      this.#oracle.marked(answer.model, length, bookmark);
      if (text || bookmark) stream.onPiece({ text, bookmark });
    }
    if (!answer.streams.has(stream)) return;
    if (breaks && stream.had >= breaks.at) {
      this.#scheduler.turnAfter(breaks.after, life, () => {
        this.#leave(stream);
        settle.reject(breaks.error);
      });
    } else if (answer.made > ends) {
      this.#leave(stream);
      settle.resolve(answer.ending);
    }
  }

  #hear({ model, id }: Answer): void {
    const heard = this.#heard.get(model) ?? new Set();
    this.#heard.set(model, heard.add(id));
  }

  /** Nobody listens here any more. An answer that nobody could take up stops. */
  #leave(stream: Stream): void {
    const { answer } = stream;
    answer.streams.delete(stream);
    if (answer.streams.size === 0 && !(answer.kept && stream.known)) answer.stopped = true;
  }

  #cancel({ responseId }: Bookmark, life: Life): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fails = this.#random.chance(this.#options.faults.transient);
    this.#scheduler.turnAfter(this.#random.between(1, 60), life, () => {
      if (fails) return reject(new ProviderError("provider_unreachable", "Nobody there."));
      const answer = this.#answers.get(responseId);
      if (answer) answer.stopped = true;
      resolve();
    });
    return promise;
  }
}

function cutAnew(random: Random, text: string, longest: number): string[] {
  const characters = Array.from(text);
  const pieces: string[] = [];
  for (let at = 0; at < characters.length; ) {
    const length = random.between(1, longest);
    pieces.push(characters.slice(at, at + length).join(""));
    at += length;
  }
  return pieces;
}
