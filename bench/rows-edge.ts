// The deployed Worker with a counter in its chats: how many rows an answer writes, as the platform itself counts them
// for its bill. Only for that one measurement.

import { ChatObject as Chat } from "../durable-objects/chat.ts";
import worker from "../workers/index.ts";

export { AnswerObject } from "../durable-objects/answer.ts";
export { DeploymentObject } from "../durable-objects/deployment.ts";
export { PersonObject } from "../durable-objects/person.ts";

interface Counted {
  cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[];
  alarms: number;
}

const counts = new WeakMap<DurableObjectState, Counted>();

/** Every statement's cursor is kept: it knows its rows only once it was read. */
function count(ctx: DurableObjectState): DurableObjectState {
  const counted: Counted = { cursors: [], alarms: 0 };
  counts.set(ctx, counted);
  const { sql } = ctx.storage;
  const exec = sql.exec.bind(sql);
  Object.defineProperty(sql, "exec", {
    value: (query: string, ...bindings: unknown[]) => {
      const cursor = exec(query, ...bindings);
      counted.cursors.push(cursor);
      return cursor;
    },
  });
  Object.defineProperty(ctx.storage, "sql", { value: sql });
  const setAlarm = ctx.storage.setAlarm.bind(ctx.storage);
  Object.defineProperty(ctx.storage, "setAlarm", {
    value: (time: number) => {
      counted.alarms += 1;
      return setAlarm(time);
    },
  });
  return ctx;
}

export class ChatObject extends Chat {
  constructor(ctx: DurableObjectState, env: Env) {
    super(count(ctx), env);
  }

  /** Rows written since the object woke, and alarms set, which are a row each. */
  rows(): number {
    const { cursors, alarms } = counts.get(this.ctx) ?? { cursors: [], alarms: 0 };
    return cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, alarms);
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
