// A reader that comes back to a long answer: how long until it has all of it, from the beginning and from its last
// promise.
import { type Answer, Window } from "./answer.ts";
import { faultOf } from "./check.ts";
import { type Spread, spreadOf } from "./stats.ts";
import { type Addresses, answerFor, sessions, start, watch, wireOf } from "./subjects.ts";
import { until } from "./until.ts";

export interface ResumeSpec {
  kind: "resume";
  form: "sse" | "socket";
  tokens: number;
  times: number;
}

export interface ResumeResult {
  kind: "resume";
  /** From a new connection to the last byte of the whole answer, and to what came after the last promise but one, ms. */
  whole: Spread;
  rest: Spread;
  wrong: number;
  faults: string[];
}

export async function measureResume(spec: ResumeSpec, { keepstream }: Addresses): Promise<ResumeResult> {
  const { form, tokens, times } = spec;
  const [token = ""] = await sessions(keepstream, 1);
  const prompt = `resume over ${form}, ${Date.now()}`;
  const model = `scripted-tokens-${tokens}-rate-1000`;
  const run = await start(keepstream, { provider: "compatible", model, prompt, token });

  const read = async (offset: string): Promise<{ answer: Answer; ms: number }> => {
    const answer = answerFor(form, new Window());
    const begun = performance.now();
    let ms = Number.NaN;
    answer.onEnd = () => {
      ms = performance.now() - begun;
    };
    await watch(keepstream, form, run, token, answer, offset);
    await until(() => answer.ended !== "no");
    return { answer, ms };
  };
  // The first reader waits for the end.
  const { answer: first } = await read("-1");
  const offsets = [...first.body.matchAll(/(?:^id: |"offset":")([0-9a-f]+)/gm)].map(([, offset = ""]) => offset);
  const lastButOne = offsets.at(-2) ?? "-1";

  const whole: number[] = [];
  const rest: number[] = [];
  const faults: string[] = [];
  for (let i = 0; i < times; i++) {
    const { answer, ms } = await read("-1");
    whole.push(ms);
    const fault = faultOf(wireOf(form, "compatible"), answer.body, prompt, tokens);
    if (fault) faults.push(fault);
    const end = await read(lastButOne);
    rest.push(end.ms);
    if (!end.answer.body.includes("run.ended")) faults.push("no end after the last promise but one");
  }
  return { kind: "resume", whole: spreadOf(whole), rest: spreadOf(rest), wrong: faults.length, faults };
}
