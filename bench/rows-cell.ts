// How many rows one answer costs.
import { Window } from "./answer.ts";
import { faultOf } from "./check.ts";
import { type Addresses, answerFor, sessions, start, watch } from "./subjects.ts";
import { until } from "./until.ts";

export interface RowsSpec {
  kind: "rows";
  tokens: number;
  rate: number;
}

export interface RowsResult {
  kind: "rows";
  /** A chat's first answer, and the one after it, which finds the chat's tables and its person's list there. */
  first: number;
  second: number;
  wrong: number;
  faults: string[];
}

export async function measureRows({ tokens, rate }: RowsSpec, { keepstream }: Addresses): Promise<RowsResult> {
  const [token = ""] = await sessions(keepstream, 1);
  const faults: string[] = [];
  let chatId: string | undefined;
  const rows = async () => {
    const reply = (await (await fetch(`${keepstream}/rows/${chatId}`)).json()) as { rows: number };
    return reply.rows;
  };
  const answer = async () => {
    const prompt = `rows, ${Date.now()}`;
    const model = `scripted-tokens-${tokens}-rate-${rate}`;
    const run = await start(keepstream, { provider: "compatible", model, prompt, token, ...(chatId && { chatId }) });
    chatId = run.slice(0, 64);
    const received = answerFor("socket", new Window());
    await watch(keepstream, "socket", run, token, received);
    await until(() => received.ended !== "no");
    const fault = faultOf("record-frames", received.body, prompt, tokens);
    if (fault) faults.push(fault);
    // The alarm's last work, the delivery to the person's list, comes after the end.
    await new Promise((resolve) => setTimeout(resolve, 500));
    return rows();
  };
  const first = await answer();
  const second = (await answer()) - first;
  return { kind: "rows", first, second, wrong: faults.length, faults };
}
