// A sample of the simulation of shared answers, another one in each run, and the planted faults that it must catch.
// SIM_SEED sets the first seed, SIM_SEEDS how many; `node tests/simulation/shared-sweep.ts` runs many.
import { describe, expect, test } from "vitest";
import { SHARED_MUTANTS } from "./shared-mutants.ts";
import { SharedWorld } from "./shared-world.ts";

const first = Number(process.env.SIM_SEED ?? Math.floor(Math.random() * 1_000_000_000));
const seeds = Number(process.env.SIM_SEEDS ?? 1_000);
const SEEDS_FOR_A_FAULT = 3_000;

describe("a shared answer, simulated", () => {
  test(`${seeds} seeds from ${first}`, { timeout: 300_000 }, async () => {
    console.log(`simulated seeds ${first} to ${first + seeds - 1}; the same again: SIM_SEED=${first}`);
    const failed: string[] = [];
    for (let seed = first; seed < first + seeds && failed.length < 5; seed++) {
      const { violation } = await new SharedWorld(seed).run();
      if (violation !== null) failed.push(`node tests/simulation/shared-sweep.ts --seed ${seed}: ${violation}`);
    }
    expect(failed).toEqual([]);
  });

  test("a seed is the same world each time", async () => {
    const trace = async (seed: number) => {
      const lines: string[] = [];
      const outcome = await new SharedWorld(seed, {}, (line) => lines.push(line)).run();
      return { outcome, lines };
    };
    for (let seed = first; seed < first + 20; seed++) expect(await trace(seed)).toEqual(await trace(seed));
  });

  test.each(SHARED_MUTANTS)("catches a planted fault: $name", { timeout: 120_000 }, async ({ parts }) => {
    let caught: string | null = null;
    for (let seed = first; seed < first + SEEDS_FOR_A_FAULT && caught === null; seed++) {
      caught = (await new SharedWorld(seed, parts).run()).violation;
    }
    expect(caught).not.toBeNull();
  });
});
