// What must be true of a world that has come to rest, beyond what the oracle watches all the time.
import { type ChatState, emptyChat, reduce } from "../../protocol/reduce.ts";
import type { RunOnRecord } from "./oracle.ts";
import type { World } from "./world.ts";

/** Every reader has what the log has, and so has everybody else who was told. */
export function judge(world: World): void {
  const { oracle, process, readers } = world;
  const log = chatOf(world);
  for (const reader of readers) {
    const difference = reader.difference(log);
    oracle.check(difference === null, () => `${reader.name}: ${difference}`);
  }
  const title = process?.log.chat?.title ?? null;
  const given = oracle.records().findLast((record) => record.type === "title")?.title ?? null;
  oracle.check(title === given, () => `the chat is called ${title}, its log says ${given}`);
  const asked = [...oracle.runs.values()].filter((run) => run.started.tier === "mvp");
  for (const model of new Set(asked.map((run) => run.started.model))) {
    const runs = asked.filter((run) => run.started.model === model);
    checkAskedOnce(world, model, runs);
    checkPaid(world, model, runs);
  }
  for (const { run, text } of oracle.runs.values()) {
    const listed = world.list.texts.get(`a${run}`);
    oracle.check(listed === text, () => `run ${run} is on the person's list with ${JSON.stringify(listed)}`);
  }
}

/** The chat as its log tells it. */
function chatOf({ oracle }: World): ChatState {
  let chat = emptyChat;
  for (const record of oracle.records()) {
    const next = reduce(chat, record, true);
    if ("gap" in next) oracle.fail(`the log has a gap: ${JSON.stringify(next.gap)}`);
    else chat = next;
  }
  return chat;
}

function checkAskedOnce({ oracle }: World, model: string, runs: RunOnRecord[]): void {
  const replaced = runs.filter((run) => run.ended?.replacedBy).length;
  oracle.check(runs.length === 1 + replaced, () => `${model} was asked once and runs ${runs.length} times`);
}

/** Each answer that a model began to give again must be told of in a receipt, unless a crash took what knew of it. */
function checkPaid({ oracle, plan, crashes, models }: World, model: string, runs: RunOnRecord[]): void {
  if (crashes > 0 || plan.usurpers.length > 0 || plan.disk.failing > 0) return;
  const told = runs.flatMap((run) => run.recoveries).filter(({ mode }) => mode === "continue").length;
  const begun = models.answersHeard(model);
  oracle.check(begun <= runs.length + told, () => `${model} began ${begun} answers, ${told} continue others`);
}
