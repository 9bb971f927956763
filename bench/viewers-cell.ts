// One answer read by many at once: each must get all of it, byte for byte; and what a token costs for each of them.
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, Window } from "./answer.ts";
import { faultOf } from "./check.ts";
import { meter, type Pids, type Spent } from "./meter.ts";
import { type Spread, spreadOf } from "./stats.ts";
import { type Addresses, answerFor, sessions, start, watch, wireOf } from "./subjects.ts";
import { until } from "./until.ts";

export interface ViewersSpec {
  kind: "viewers";
  form: "sse" | "socket";
  viewers: number;
  /** Tokens a second. */
  rate: number;
  seconds: number;
}

export interface ViewersResult {
  kind: "viewers";
  /** While everybody was connected. `tokens` counts each once for every viewer it reached. */
  steady: Spent & { tokens: number; delays: Spread };
  /** Viewers that did not get exactly what the model said; at most five are told. */
  wrong: number;
  faults: string[];
}

/** Connections opened at the same time. */
const ABREAST = 20;
const SETTLE_MS = 1_500;
/** A thousand viewers connect in less than this. */
const RAMP_SECONDS = 12;

export async function measureViewers(spec: ViewersSpec, { keepstream }: Addresses, pids: Pids): Promise<ViewersResult> {
  const { form, viewers, rate, seconds } = spec;
  const [token = ""] = await sessions(keepstream, 1);
  const window = new Window();
  const prompt = `${viewers} viewers over ${form}, ${Date.now()}`;
  const length = rate * (RAMP_SECONDS + seconds + 3);
  const model = `scripted-tokens-${length}-rate-${rate}-stamped`;
  const run = await start(keepstream, { provider: "compatible", model, prompt, token });

  const answers: Answer[] = [];
  while (answers.length < viewers) {
    const next = Array.from({ length: Math.min(ABREAST, viewers - answers.length) }, () => answerFor(form, window));
    answers.push(...next);
    await Promise.all(next.map((answer) => watch(keepstream, form, run, token, answer)));
  }
  await until(() => answers.every(({ tokens, ended }) => tokens > 0 || ended !== "no"));
  await sleep(SETTLE_MS);
  const steady = meter(pids);
  window.open = true;
  await sleep(seconds * 1000);
  window.open = false;
  const steadily = { ...steady(), tokens: window.tokens, delays: spreadOf(window.delays) };
  await until(() => answers.every(({ ended }) => ended !== "no"));

  const faults = answers.flatMap(({ body, status }, index) => {
    const fault = faultOf(wireOf(form, "compatible"), body, prompt, length);
    return fault ? [`viewer ${index}: HTTP ${status}, ${fault}`] : [];
  });
  return { kind: "viewers", steady: steadily, wrong: faults.length, faults: faults.slice(0, 5) };
}
