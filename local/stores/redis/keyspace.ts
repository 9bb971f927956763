// The keys of the embedded store, in memory. Time is told to it, and a key that has run out is gone when it is next
// looked at.

export type Hash = Map<string, string>;

export interface Entry {
  value: string | Hash;
  /** Unix ms, or null for a key that stays. */
  expiresAt: number | null;
  /** Keys in the order in which they came, for SCAN. */
  serial: number;
}

export class Keyspace {
  readonly #entries = new Map<string, Entry>();
  #serial = 0;
  #now = 0;

  /** Unix ms. It never goes back: what has run out stays gone, so that a replay ends where the original did. */
  get now(): number {
    return this.#now;
  }

  advance(to: number): void {
    this.#now = Math.max(this.#now, to);
  }

  find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry || !this.#ranOut(entry)) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  put(key: string, value: string | Hash, expiresAt: number | null): void {
    const serial = this.find(key)?.serial ?? ++this.#serial;
    this.#entries.set(key, { value, expiresAt, serial });
  }

  remove(key: string): boolean {
    return this.find(key) !== undefined && this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** All that is there, in the order of `serial`. */
  entries(): Iterable<[string, Entry]> {
    for (const [key, entry] of this.#entries) if (this.#ranOut(entry)) this.#entries.delete(key);
    return this.#entries;
  }

  get size(): number {
    this.entries();
    return this.#entries.size;
  }

  #ranOut({ expiresAt }: Entry): boolean {
    return expiresAt !== null && this.#now > expiresAt;
  }
}
