// The deployed Worker with a counter in its chats: how many rows an answer writes. Only for that one measurement.

import { ChatObject as Chat } from "../durable-objects/chat.ts";
import worker from "../workers/index.ts";
import { countRows } from "./count-rows.ts";

export { AnswerObject } from "../durable-objects/answer.ts";
export { DeploymentObject } from "../durable-objects/deployment.ts";
export { PersonObject } from "../durable-objects/person.ts";

const counters = new WeakMap<DurableObjectState, () => number>();

function count(ctx: DurableObjectState): DurableObjectState {
  counters.set(ctx, countRows(ctx.storage));
  return ctx;
}

export class ChatObject extends Chat {
  constructor(ctx: DurableObjectState, env: Env) {
    super(count(ctx), env);
  }

  /** Rows written since the object woke. */
  rows(): number {
    return counters.get(this.ctx)?.() ?? 0;
  }
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const [, chatId] = /^\/rows\/([0-9a-f]{64})$/.exec(new URL(request.url).pathname) ?? [];
    if (!chatId) return worker.fetch(request, env, ctx);
    const chat = env.CHAT.get(env.CHAT.idFromString(chatId)) as unknown as DurableObjectStub<ChatObject>;
    return Response.json({ rows: await chat.rows() });
  },
};
