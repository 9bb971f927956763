// The load: a process of its own that asks, reads and measures. One message in, one result out.
import { type ChatsResult, type ChatsSpec, measureChats } from "./chats-cell.ts";
import { type HitsResult, type HitsSpec, measureHits } from "./hits-cell.ts";
import type { Pids } from "./meter.ts";
import { measureResume, type ResumeResult, type ResumeSpec } from "./resume-cell.ts";
import { measureRows, type RowsResult, type RowsSpec } from "./rows-cell.ts";
import type { Addresses } from "./subjects.ts";
import { measureViewers, type ViewersResult, type ViewersSpec } from "./viewers-cell.ts";

export interface Results {
  chats: [ChatsSpec, ChatsResult];
  viewers: [ViewersSpec, ViewersResult];
  resume: [ResumeSpec, ResumeResult];
  rows: [RowsSpec, RowsResult];
  hits: [HitsSpec, HitsResult];
}

export interface Order {
  spec: Results[keyof Results][0];
  addresses: Addresses;
  pids: Pids;
}

async function carryOut({ spec, addresses, pids }: Order): Promise<Results[keyof Results][1]> {
  switch (spec.kind) {
    case "chats":
      return measureChats(spec, addresses, pids);
    case "viewers":
      return measureViewers(spec, addresses, pids);
    case "resume":
      return measureResume(spec, addresses);
    case "rows":
      return measureRows(spec, addresses);
    case "hits":
      return measureHits(spec, addresses, pids);
  }
}

process.on("message", (order: Order) => {
  carryOut(order).then(
    (result) => process.send?.({ result }),
    (error) => process.send?.({ error: String((error as Error).stack ?? error) }),
  );
});
process.on("disconnect", () => process.exit());
