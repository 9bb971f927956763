// Whether a part answers, asked at most every few seconds however often it is asked for.

const KEEP_MS = 5_000;

interface Finding {
  /** Null when it does not answer. */
  latencyMs: number | null;
  /** Why not. */
  error: string | null;
}

export type Probe = () => Promise<Finding>;

export function createProbe(check: () => Promise<void>, now: () => number): Probe {
  let kept: { finding: Finding; until: number } | undefined;
  return async () => {
    if (kept && kept.until > now()) return kept.finding;
    const before = now();
    let finding: Finding;
    try {
      await check();
      finding = { latencyMs: now() - before, error: null };
    } catch (error) {
      finding = { latencyMs: null, error: error instanceof Error ? error.message : String(error) };
    }
    kept = { finding, until: now() + KEEP_MS };
    return finding;
  };
}
