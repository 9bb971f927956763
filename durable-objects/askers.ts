// Who wants which run of a shared answer, in the order in which they came.

export class Askers {
  readonly #runOf = new Map<string, number>();
  readonly #of = new Map<number, Set<string>>();

  /** An asker wants one run at a time. */
  add(asker: string, run: number): void {
    this.remove(asker);
    this.#runOf.set(asker, run);
    const askers = this.#of.get(run) ?? new Set();
    this.#of.set(run, askers.add(asker));
  }

  remove(asker: string): void {
    const run = this.#runOf.get(asker);
    if (run === undefined) return;
    this.#runOf.delete(asker);
    this.#of.get(run)?.delete(asker);
  }

  runOf(asker: string): number | undefined {
    return this.#runOf.get(asker);
  }

  firstOf(run: number): string | undefined {
    return this.#of.get(run)?.values().next().value;
  }

  countOf(run: number): number {
    return this.#of.get(run)?.size ?? 0;
  }
}
