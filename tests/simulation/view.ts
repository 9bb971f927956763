// What a client has: the chat as the real reducer makes it from the records that reached it, and its last promise. It
// checks each record as it comes, and at the end that it has just what the log has.
import { isDeepStrictEqual } from "node:util";
import { BEGINNING } from "../../protocol/offsets.ts";
import type { LogRecord } from "../../protocol/records.ts";
import { type ChatState, emptyChat, type RunState } from "../../protocol/reduce.ts";
import type { Oracle } from "./oracle.ts";
import type { Parts } from "./process.ts";

export class View {
  offset = BEGINNING;
  state: ChatState = emptyChat;
  readonly #oracle: Oracle;
  readonly #name: string;

  readonly #reduce: Parts["reduce"];

  constructor(oracle: Oracle, name: string, reduce: Parts["reduce"]) {
    this.#oracle = oracle;
    this.#name = name;
    this.#reduce = reduce;
  }

  take(record: LogRecord, offset: string | undefined): void {
    const oracle = this.#oracle;
    if (offset !== undefined) {
      const later = this.offset === BEGINNING || offset > this.offset;
      oracle.check(later, () => `${this.#name}: offset ${offset} came after ${this.offset}`);
      this.offset = offset;
    }
    const next = this.#reduce(this.state, record, offset !== undefined);
    if ("gap" in next) {
      const { run, length, at } = next.gap;
      oracle.fail(`${this.#name}: ${record.type} of ${run} wants to go on at ${at}, the text here ends at ${length}`);
      return;
    }
    const before = this.state;
    this.state = next;
    if ("run" in record) this.#checkRun(before.runs[record.run], next.runs[record.run]);
  }

  /** Takes the offset that a plain read gave to ask from next: it may lie beyond the last record. */
  goOnFrom(offset: string): void {
    const back = this.offset !== BEGINNING && offset < this.offset;
    this.#oracle.check(!back, () => `${this.#name}: was told to go on from ${offset}, having ${this.offset}`);
    this.offset = offset;
  }

  #checkRun(before: RunState | undefined, now: RunState | undefined): void {
    if (!now) return;
    const oracle = this.#oracle;
    oracle.check(oracle.isMeant(now.model, now.text), () => `${this.#name}: shows words nobody meant: ${now.text}`);
    const kept = !before || now.committed >= before.committed;
    oracle.check(kept, () => `${this.#name}: had ${before?.committed} promised, now ${now.committed}`);
    const promised = oracle.runs.get(oracle.numberOf(now.id))?.text ?? "";
    const same = now.committed <= now.text.length && promised.startsWith(now.text.slice(0, now.committed));
    oracle.check(same, () => `${this.#name}: takes for promised: ${now.text.slice(0, now.committed)}`);
  }

  /** How this view differs from what the log says in the end; null when it does not. */
  difference(log: ChatState, run: number | undefined): string | null {
    if (run === undefined) {
      if (this.state.title !== log.title) return `title ${this.state.title} instead of ${log.title}`;
      if (!isDeepStrictEqual(this.state.messages, log.messages)) return "other messages than the log";
    }
    const ids = run === undefined ? Object.keys(log.runs) : [this.#oracle.runId(run)];
    for (const id of ids) {
      // Attempts are shown, never kept.
      const [here, there] = [this.state.runs[id], log.runs[id]].map((each) => each && { ...each, attempt: 0 });
      if (!isDeepStrictEqual(here, there)) return `${id}: ${JSON.stringify(here)} instead of ${JSON.stringify(there)}`;
    }
    return null;
  }
}
