// What one reader has been told, rebuilt by the reducer, and the promises it holds the server to: offsets only grow,
// promised text never changes, nothing is missing. Whatever breaks one is thrown at once.
import type { LogRecord, WireRecord } from "../../protocol/records.ts";
import { type ChatState, emptyChat, reduce } from "../../protocol/reduce.ts";

export class Transcript {
  state: ChatState = emptyChat;
  /** The last offset it was given: what it resumes with. */
  offset = "-1";
  /** Records taken, and how many of them were promises. */
  records = 0;
  promises = 0;

  /** Takes a record as it came off the wire. */
  take({ offset, ...rest }: WireRecord): void {
    const record = rest as LogRecord;
    if (offset !== undefined && this.offset !== "-1" && offset <= this.offset) {
      throw new Error(`${record.type} came with offset ${offset} after ${this.offset}: it was sent before`);
    }
    const next = reduce(this.state, record, offset !== undefined);
    if ("gap" in next) throw new Error(`text is missing before ${JSON.stringify(record)}: ${JSON.stringify(next.gap)}`);
    if ("run" in record) this.#checkPromises(record.run, next);
    this.state = next;
    this.records += 1;
    if (offset === undefined) return;
    this.offset = offset;
    this.promises += 1;
  }

  #checkPromises(id: string, next: ChatState): void {
    const before = this.state.runs[id];
    const after = next.runs[id];
    if (!before || !after) return;
    if (after.committed < before.committed || !after.text.startsWith(before.text.slice(0, before.committed))) {
      throw new Error(`promised text of ${id} was changed: ${before.committed} characters were promised`);
    }
  }

  text(run: string): string {
    return this.state.runs[run]?.text ?? "";
  }

  /** As much of the text as is promised. */
  promised(run: string): string {
    return this.text(run).slice(0, this.state.runs[run]?.committed ?? 0);
  }

  ended(run: string): boolean {
    return (this.state.runs[run]?.status ?? "running") !== "running";
  }
}
