// An append-only file of JSON lines. A line is in the operating system's hands before `append` returns, so it outlives a
// killed process; it is on the disk a second later. A line cut short by a crash counts as not written.
import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";

const SYNC_MS = 1_000;
const NEWLINE = 10;

export class Journal {
  readonly #path: string;
  #file: number;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(path: string, file: number) {
    this.#path = path;
    this.#file = file;
  }

  /** Opens it with `lines` as all that is in it. */
  static create(path: string, lines: Iterable<unknown>): Journal {
    const journal = new Journal(path, -1);
    journal.rewrite(lines);
    return journal;
  }

  /** The lines of the file; what follows the first one that can't be read is left out. None when there is no file. */
  static *read(path: string): Iterable<unknown> {
    const bytes = readIfThere(path);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      const line = parse(bytes.toString("utf8", start, end));
      if (line === undefined) return;
      yield line;
      start = end + 1;
    }
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  append(line: unknown): void {
    this.#write(line);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      fdatasync(this.#file, () => {});
    }, SYNC_MS).unref();
  }

  /** Puts `lines` in place of all that is there, at once. */
  rewrite(lines: Iterable<unknown>): void {
    const aside = `${this.#path}.new`;
    const old = this.#file;
    this.#file = openSync(aside, "w");
    this.#size = 0;
    for (const line of lines) this.#write(line);
    fsyncSync(this.#file);
    renameSync(aside, this.#path);
    if (old >= 0) closeSync(old);
  }

  close(): void {
    clearTimeout(this.#timer);
    fdatasyncSync(this.#file);
    closeSync(this.#file);
  }

  #write(line: unknown): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    this.#size += bytes.length;
  }
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
