import { beforeAll, describe, expect, it, vi } from "vitest";
import { PROBLEMS, type ProblemCode, toProblem } from "../../protocol/problems.ts";
import type { Why } from "../../protocol/reasons.ts";
import { speak } from "./locale.ts";
import { saidFailure, saidProblem, saidReason } from "./said.ts";

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");
const problem = (code: ProblemCode, more = {}) => toProblem({ code, detail: "In English.", ...more }, "request-1");
const unset: Why = { code: "unset", settings: ["ONE", "OTHER"] };

describe("to a reader of English", () => {
  beforeAll(() => speak("en", false));

  it("is what the server said", () => {
    expect(saidProblem(problem("internal"))).toBe("In English.");
    expect(saidReason("Set ONE.", unset)).toBe("Set ONE.");
    expect(saidReason("Since 2026-11-25T18:18:25.431Z; no more.", null)).toMatch(/^Since .*Nov.* 2026.*; no more\.$/);
    expect(saidFailure({ code: "worker_lost", message: "Lost." })).toBe("Lost.");
  });
});

describe("to a reader of French", () => {
  beforeAll(async () => {
    await speak("fr", false);
    saidProblem(problem("internal"));
    // Their words come with the first thing that is said.
    await vi.waitFor(() => expect(saidProblem(problem("internal"))).not.toBe("In English."), 20_000);
  });

  it("has a sentence for every problem", () => {
    for (const { code } of PROBLEMS) expect(saidProblem(problem(code as ProblemCode)), code).not.toBe("In English.");
  });

  it("names the limits the server names", () => {
    const long = problem("prompt_too_large", { limit: 100_000, value: 123_456 });
    expect(plain(saidProblem(long))).toContain("(123 456 ; la limite est de 100 000)");
    expect(plain(saidProblem(problem("rate_limited", { limit: 20 })))).toContain("(la limite est de 20)");
  });

  it("says why by its code, and what it does not know as the server does", () => {
    expect(saidReason("Set ONE and OTHER.", unset)).toBe("Pour l’activer, renseignez ONE et OTHER.");
    expect(saidReason("They refused.", { code: "provider_auth" })).toBe("Le fournisseur a refusé la clé.");
    expect(saidReason("No code.", null)).toBe("No code.");
    expect(saidReason("Newer.", { code: "not_known_yet" as Why["code"] })).toBe("Newer.");
    expect(saidFailure({ code: "worker_lost", message: "Lost." })).toContain("worker");
    expect(saidFailure({ code: "provider_stalled", message: "It stopped." })).toContain("fournisseur");
  });
});
