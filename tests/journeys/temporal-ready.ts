// Whether the temporal tier takes asks: the stack says that it is ready before its worker is.
import type { Client } from "./client.ts";
import { eventually } from "./stack.ts";

/** Resolves when an answer has gone all the way through a workflow. */
export async function temporalReady(client: Client): Promise<void> {
  const { id } = await client.ask({ prompt: "Are you there?", tier: "temporal", model: "scripted-tokens-3-rate-0" });
  await eventually("the first workflow ends", async () => (await client.status(id)).state === "completed", 110_000);
}
